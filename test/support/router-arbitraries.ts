/** Routing tables and requests for properties of the router: few words and names, so that they meet often. */
import fc from 'fast-check';
import { listenerId, ruleId } from '../../src/ir/ids.ts';
import type { HttpListener } from '../../src/ir/listener.ts';
import type { PathMatch, RouteMatch, StringMatch } from '../../src/ir/match.ts';
import type { RouteEntry } from '../../src/ir/route.ts';
import type { RequestView } from '../../src/proxy/router/request-view.ts';
import { testAttachment } from './attachment.ts';

const word = fc.constantFrom('a', 'b', 'ab', 'admin', 'v1');
const literalPath = fc.array(word, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const host = fc.constantFrom(
  'a.example.com',
  'b.a.example.com',
  'example.com',
  'x.org',
  'deep.b.a.example.com',
);
const pattern = fc.constantFrom(
  '',
  '*.example.com',
  '*.a.example.com',
  'a.example.com',
  'b.a.example.com',
  'x.org',
);
const text: fc.Arbitrary<StringMatch> = fc.oneof(
  word.map((value): StringMatch => ({ kind: 'exact', value })),
  fc.constantFrom('a.*', '(a|b)', 'v[0-9]').map((value): StringMatch => ({ kind: 'regex', pattern: value })),
);
const named = fc.record({ name: fc.constantFrom('x', 'y'), value: text });
const path: fc.Arbitrary<PathMatch> = fc.oneof(
  literalPath.map((value): PathMatch => ({ kind: 'exact', value })),
  literalPath.map((value): PathMatch => ({ kind: 'prefix', value })),
  fc
    .constantFrom('/a.*', '/(a|b)/v[0-9]', '.*admin')
    .map((value): PathMatch => ({ kind: 'regex', pattern: value })),
);
const match: fc.Arbitrary<RouteMatch> = fc.record({
  path,
  method: fc.option(fc.constantFrom('GET', 'POST')),
  headers: fc.array(named, { maxLength: 2 }),
  query: fc.array(named, { maxLength: 1 }),
});
export const unique = <T extends { readonly hostname: string }>(items: readonly T[]): T[] => [
  ...new Map(items.map((item) => [item.hostname, item])).values(),
];
export const listeners: fc.Arbitrary<HttpListener[]> = fc
  .array(
    fc.tuple(pattern, fc.array(fc.tuple(pattern, fc.array(match, { maxLength: 24 })), { maxLength: 4 })),
    { minLength: 1, maxLength: 3 },
  )
  .map((items) =>
    unique(
      items.map(([hostname, hosts], l) => ({
        kind: 'http' as const,
        id: listenerId(`l${String(l)}`),
        attachment: testAttachment(`l${String(l)}`),
        hostname,
        tls: null,
        virtualHosts: unique(
          hosts.map(([name, matches], h) => ({
            hostname: name,
            entries: matches.map((one, e): RouteEntry => ({
              match: one,
              rule: ruleId(`${String(l)}-${String(h)}-${String(e)}`),
            })),
          })),
        ),
      })),
    ),
  );
export const request = fc.record({
  method: fc.constantFrom('GET', 'POST'),
  host,
  path: literalPath,
  query: fc.constantFrom('', 'x=a', 'y=v1&x=b', 'x'),
  headers: fc.dictionary(fc.constantFrom('x', 'y'), word),
});
export const viewOf = ({
  headers,
  ...rest
}: { headers: Record<string, string> } & Omit<RequestView, 'header'>): RequestView => ({
  ...rest,
  header: (name) => headers[name],
});
