/** A router that takes over what it can from the one before answers as one that was compiled from nothing. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { listeners, request, unique, viewOf } from '../../../test/support/router-arbitraries.ts';
import { listenerId, ruleId, type RuleId } from '../../ir/ids.ts';
import type { HttpListener } from '../../ir/listener.ts';
import type { RouteEntry } from '../../ir/route.ts';
import { compileRegex } from './regex.ts';
import { PortRouter } from './router.ts';
import { testAttachment } from '../../../test/support/attachment.ts';

/** The new table with some hosts of the old one in place of its own, as the same objects. */
function keepSome(
  before: readonly HttpListener[],
  table: readonly HttpListener[],
  kept: Iterator<boolean>,
): HttpListener[] {
  const isKept = (): boolean => kept.next().value === true;
  return table.map((listener) => {
    const old = before.find(({ id }) => id === listener.id);
    const virtualHosts = listener.virtualHosts.map((host) => {
      const known = old?.virtualHosts.find(({ hostname }) => hostname === host.hostname);
      return known !== undefined && isKept() ? known : host;
    });
    const more = (old?.virtualHosts ?? []).filter(isKept);
    return { ...listener, virtualHosts: unique([...more, ...virtualHosts]) };
  });
}

suite('router after a router', () => {
  test('gives the answers of a fresh compile, whatever it reuses of the previous configuration', () => {
    const step = fc.record({ table: listeners, kept: fc.infiniteStream(fc.boolean()), rules: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 5 }), fc.array(request), (steps, requests) => {
        let before: { readonly table: HttpListener[]; readonly router: PortRouter<string> } | null = null;
        for (const { table: fresh, kept, rules } of steps) {
          const table = keepSome(before?.table ?? [], fresh, kept);
          // A changed rule's own hosts must be compiled again, and no others.
          const ruleOf = (id: RuleId): string =>
            `${id} ${String((id.length + Number(id.at(-1))) % (rules + 1))}`;
          const input = { listeners: table, ruleOf, regex: compileRegex };
          const router: PortRouter<string> = new PortRouter({ ...input, before: before?.router ?? null });
          const recompiled = new PortRouter(input);
          for (const one of requests) {
            assert.deepEqual(router.match(viewOf(one), null), recompiled.match(viewOf(one), null));
          }
          before = { table, router };
        }
      }),
      { numRuns: 300 },
    );
  });

  test('takes over what did not change, and nothing else', () => {
    const entry = (rule: string): RouteEntry => ({
      match: { path: { kind: 'prefix', value: '/' }, method: null, headers: [], query: [] },
      rule: ruleId(rule),
    });
    const hosts = ['a.example.com', 'b.example.com', 'c.example.com'].map((hostname) => ({
      hostname,
      entries: [entry(hostname)],
    }));
    const listener = (virtualHosts: HttpListener['virtualHosts']): HttpListener => ({
      kind: 'http',
      id: listenerId('l'),
      attachment: testAttachment('l'),
      hostname: '',
      tls: null,
      virtualHosts,
    });
    const compile = (
      virtualHosts: HttpListener['virtualHosts'],
      b: object,
      before: PortRouter<object> | null,
    ) =>
      new PortRouter<object>({
        listeners: [listener(virtualHosts)],
        ruleOf: (id) => (id === 'b.example.com' ? b : rule),
        regex: compileRegex,
        before,
      });
    const rule = {};
    const hitOf = (router: PortRouter<object>, name: string): object =>
      router.match(viewOf({ method: 'GET', host: name, path: '/', query: '', headers: {} }), null);
    const first = compile(hosts, {}, null);
    const second = compile([...hosts.slice(0, 2), { hostname: 'c.example.com', entries: [] }], {}, first);
    assert.equal(hitOf(first, 'a.example.com'), hitOf(second, 'a.example.com'));
    assert.notEqual(hitOf(first, 'b.example.com'), hitOf(second, 'b.example.com'), 'its rule changed');
    assert.notEqual(hitOf(first, 'c.example.com'), hitOf(second, 'c.example.com'), 'its entries changed');
    // A wider host that is new must be gone on to, although the narrower one is the same object.
    const wide = { hostname: '*.example.com', entries: [entry('wide')] };
    const third = compile(
      [...hosts.slice(0, 1), { ...hosts[1], hostname: 'b.example.com', entries: [] }, wide],
      {},
      second,
    );
    const fourth = compile([...hosts.slice(0, 1), { hostname: 'b.example.com', entries: [] }], {}, third);
    assert.equal((hitOf(third, 'b.example.com') as { hostname: string }).hostname, '*.example.com');
    assert.equal((hitOf(fourth, 'b.example.com') as { reason: string }).reason, 'no_rule');
  });
});
