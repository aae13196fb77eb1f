import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { hostnameCovers } from '../../lib/hostname.ts';
import { ServerNameTable, judgeAuthority } from './sni.ts';

function tableOf(...hostnames: string[]): ServerNameTable<string> {
  return new ServerNameTable(hostnames.map((hostname) => ({ hostname, value: hostname })));
}

test('exact before the nearest wildcard before any', () => {
  const table = tableOf('', '*.example', '*.shop.example', 'a.shop.example');
  assert.equal(table.find('a.shop.example'), 'a.shop.example');
  assert.equal(table.find('b.shop.example'), '*.shop.example');
  assert.equal(table.find('x.b.shop.example'), '*.shop.example');
  assert.equal(table.find('shop.example'), '*.example');
  assert.equal(table.find('other.test'), '');
  assert.equal(table.find(null), '');
});

test('no name and no match find nothing without a listener for any name', () => {
  const table = tableOf('a.example', '*.b.example');
  assert.equal(table.find(null), undefined);
  assert.equal(table.find('b.example'), undefined);
  assert.equal(table.find('example'), undefined);
});

test('finds the longest of the patterns that cover a name', () => {
  const label = fc.constantFrom('a', 'b', 'c');
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const pattern = fc.oneof(
    name,
    name.map((suffix) => `*.${suffix}`),
    fc.constant(''),
  );
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 12 }), name, (patterns, wanted) => {
      const covering = patterns.filter((candidate) => hostnameCovers(candidate, wanted));
      const exact = covering.find((candidate) => candidate === wanted);
      const longest = covering.toSorted((x, y) => y.length - x.length)[0];
      assert.equal(tableOf(...patterns).find(wanted), exact ?? longest);
    }),
  );
});

// The listeners and cases of the conformance test HTTPRouteHTTPSListenerDetectMisdirectedRequests.
const PORT = tableOf('', 'second-example.org', '*.wildcard.org', 'fourth-example.wildcard.org');
const CASES: readonly [serverName: string, host: string, verdict: string][] = [
  ['example.org', 'example.org', 'served'],
  ['example.org', 'second-example.org', 'misdirected'],
  ['example.org', 'unknown-example.org', 'served'],
  ['second-example.org', 'second-example.org', 'served'],
  ['second-example.org', 'example.org', 'misdirected'],
  ['second-example.org', 'unknown-example.org', 'misdirected'],
  ['third-example.wildcard.org', 'fith-example.wildcard.org', 'served'],
  ['third-example.wildcard.org', 'fourth-example.wildcard.org', 'misdirected'],
  ['third-example.wildcard.org', 'second-example.org', 'misdirected'],
  ['third-example.wildcard.org', 'unknown-example.org', 'misdirected'],
  ['fourth-example.wildcard.org', 'fith-example.wildcard.org', 'misdirected'],
  ['unknown-example.org', 'example.org', 'served'],
];

test('a request belongs to the listener of its connection, or is misdirected', () => {
  for (const [serverName, host, verdict] of CASES) {
    const chosen = PORT.find(serverName);
    assert.ok(chosen !== undefined);
    assert.equal(judgeAuthority(PORT, chosen, host), verdict, `${serverName} ${host}`);
  }
});

test('a host of no listener is unknown, not misdirected', () => {
  const table = tableOf('a.example', 'b.example');
  assert.equal(judgeAuthority(table, 'a.example', 'c.example'), 'unknown');
});
