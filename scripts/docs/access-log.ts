/** docs/reference/access-log.md: the fields of a line, with the values that the code writes for an example. */
import { formatRecord } from '../../src/access-log/access-log.ts';
import type { AccessRecord } from '../../src/proxy/exchange/access-record.ts';
import { RefusalCounter } from '../../src/proxy/exchange/policy-refusals.ts';
import { asCode, markdownTable, type Section } from './section.ts';

const gateway = { kind: 'Gateway', namespace: 'default', name: 'web' };

const shop = (kind: string, name: string) => ({ kind, namespace: 'shop', name });
const REFUSED_BY = new RefusalCounter({
  gateway,
  policy: shop('AccessPolicy', 'office'),
  rule: '',
  reason: 'auth_denied',
  mode: 'enforce',
});
const WOULD_REFUSE = new RefusalCounter({
  gateway,
  policy: shop('AuthPolicy', 'login'),
  rule: '',
  reason: 'auth_denied',
  mode: 'audit',
});

/** Every field has a value. */
const EXAMPLE: AccessRecord = {
  startedAtMs: Date.UTC(2026, 0, 2, 15, 4, 5, 123),
  labels: {
    gateway,
    listener: { ...gateway, section: 'http' },
    rule: { kind: 'HTTPRoute', namespace: 'default', name: 'shop', section: 'api', index: 2 },
    backend: { kind: 'Service', namespace: 'default', name: 'api', section: '8080' },
  },
  endpoint: '10.0.0.5:8080',
  status: 502,
  reason: 'upstream_reset',
  refusedBy: REFUSED_BY,
  wouldRefuse: [WOULD_REFUSE],
  user: 'ada',
  requestBytes: 0,
  responseBytes: 82,
  timings: { connectedMs: 0.4, responseHeadMs: 2.9, totalMs: 3.21 },
  retries: 1,
  protocol: 'HTTP/1.1',
  method: 'GET',
  path: '/cart',
  host: 'shop.example',
  clientIp: '203.0.113.7',
  requestId: '6f1b2c3d4e5f60718293a4b5c6d7e8f9',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
};

const MEANING: Readonly<Record<string, string>> = {
  time: "when the request's head was complete",
  client: "the client's address; behind a trusted proxy, the address that the proxy reports",
  method: 'of the request',
  host: 'without port',
  path: 'as matched (normalized), without query',
  protocol: 'HTTP version of the client connection',
  status: 'of the response; 499 if the client disconnected before it',
  reason:
    'why the gateway itself responded ([reasons](reasons.md)); absent if the response is from the backend',
  refusedBy: 'the policy that refused the request; `:NAME` at the end is the rule or limit of the policy',
  wouldRefuse: 'reason and name of each policy in mode `Audit` that would have refused the request',
  user: 'the authenticated user, or the client of an API key',
  gateway: 'namespace and name',
  listener: 'name of the listener',
  route: 'kind, namespace and name',
  rule: 'name of the rule, otherwise its index from 0',
  backend: 'kind, namespace, name and port of the selected backendRef',
  endpoint: 'endpoint of the last attempt',
  requestBytes: 'payload of the request, without head and framing',
  responseBytes: 'payload of the response',
  durationMs: 'from the complete head of the request to the end of the response',
  connectMs: 'time until the connection to the endpoint was established',
  responseMs: "time until the first byte of the backend's response",
  retries: 'attempts after the first',
  requestId: 'value of `X-Request-Id`',
  traceId: 'from `traceparent`',
};

function render(): string {
  const fields = Object.entries(JSON.parse(formatRecord(EXAMPLE)) as Record<string, unknown>);
  const described = Object.keys(MEANING);
  if (fields.map(([name]) => name).join() !== described.join()) {
    throw new Error(`a line has ${fields.map(([name]) => name).join()}, described are ${described.join()}`);
  }
  return markdownTable(
    ['field', 'example', 'meaning'],
    fields.map(([name, value]) => [
      asCode(name),
      asCode(typeof value === 'string' ? value : JSON.stringify(value)),
      MEANING[name] ?? '',
    ]),
  );
}

export const ACCESS_LOG_FIELDS: Section = { page: 'docs/reference/access-log.md', name: 'fields', render };
