/**
 * How a client comes to see each reason code: for every code the ways in which the gateway gives it, or why no response has it. A code
 * that is added without an entry here does not compile, and local-replies.test.ts runs every entry.
 */
import { DEFAULT_CLUSTER_POLICY } from '../../src/ir/policy.ts';
import type { ReasonCode } from '../../src/ir/reason.ts';
import { testBackend, testCluster } from './gateway-config.ts';
import { accessPolicy, accessValue } from './access-policies.ts';
import { inFlight, rateLimits, testLimit } from './rate-limits.ts';
import { apiKey, basic, basicField, jwt, keySet, secrets } from './auth-policy.ts';
import { startAuthServer } from './grpc-auth-server.ts';
import {
  COSTLY,
  DENIAL,
  DIRECT_RESPONSE,
  QUICK_MS,
  REDIRECT,
  auth,
  backend,
  badGateway,
  failing,
  hangingUp,
  invalid,
  limited,
  onTls,
  plainRule,
  silent,
  withAuth,
  withPolicy,
  withoutTunnels,
  type Way,
} from './reply-scenes.ts';
import { errorPage, responseValue } from './response-policies.ts';
import { ScriptedBackend } from './scripted-backend.ts';

const DENY_ALL = accessValue(
  accessPolicy({ action: 'deny', rules: [{ clientCidrs: ['0.0.0.0/0', '::/0'] }] }),
);
const NEEDS_A_BODY = 'only a request with a body can be late after its head';

export const WAYS: Readonly<Record<ReasonCode, readonly Way[] | { readonly never: string }>> = {
  no_listener_host: [
    {
      name: 'of another host',
      knows: 'listener',
      scene: () => ({ ...plainRule(), gateway: { hostname: 'other.example', endpoints: { a: [] } } }),
    },
  ],
  no_rule: [{ name: 'of another path', knows: 'listener', scene: plainRule, sent: { path: '/nowhere' } }],
  regex_budget: [
    {
      name: 'of costly patterns',
      knows: 'listener',
      scene: () => ({ ...plainRule(), firstRules: COSTLY }),
      sent: { path: `/${'ab'.repeat(950)}` },
    },
  ],
  invalid_ref: [invalid('invalid_ref')],
  unsupported_backend: [invalid('unsupported_backend')],
  invalid_filter: [invalid('invalid_filter'), failing('invalid_filter')],
  invalid_rule: [failing('invalid_rule')],
  policy_invalid: [invalid('policy_invalid'), failing('policy_invalid')],
  no_backend: [{ name: 'of an empty rule', knows: 'rule', scene: () => ({ rule: { backends: [] } }) }],
  redirect: [
    {
      name: 'of a rule',
      knows: 'rule',
      scene: () => ({ ...plainRule(), filters: [REDIRECT] }),
      body: '',
    },
  ],
  direct_response: [
    {
      name: 'of a rule',
      knows: 'rule',
      scene: () => ({ ...plainRule(), filters: [DIRECT_RESPONSE] }),
      body: 'hello',
    },
  ],
  maintenance: [
    {
      name: 'of a policy',
      knows: 'rule',
      isBeforeRedirect: true,
      scene: () => {
        const { rule, ...scene } = plainRule();
        const maintenance = { retryAfterSeconds: 60, exceptCidrs: [], body: null };
        return { ...scene, rule: { ...rule, policies: [responseValue({ maintenance })] } };
      },
    },
  ],
  error_page: [
    {
      name: 'of a backend',
      knows: 'rule',
      scene: async (t) => {
        const { rule, ...scene } = await backend(badGateway)(t);
        return {
          ...scene,
          rule: {
            ...rule,
            policies: [responseValue({ errorPages: [errorPage('page', { of: 'backend' })] })],
          },
        };
      },
      body: 'page',
      only: { calls: ['GET', 'HEAD', 'POST'], because: 'calls of gRPC keep the answer of their backend' },
    },
  ],
  cors_preflight: [
    {
      name: 'of a rule with CORS',
      knows: 'rule',
      isBeforeRedirect: true,
      scene: plainRule,
      sent: { method: 'OPTIONS', fields: [['access-control-request-method', 'GET']] },
      body: '',
      only: { calls: ['GET'], because: 'a preflight is an OPTIONS request' },
    },
  ],
  max_forwards: [
    {
      name: 'of OPTIONS',
      knows: 'rule',
      isBeforeRedirect: true,
      scene: plainRule,
      sent: { method: 'OPTIONS', fields: [['max-forwards', '0']] },
      body: '',
      only: { calls: ['GET'], because: 'the field counts for OPTIONS and TRACE alone' },
    },
  ],
  no_endpoints: [{ name: 'of an empty cluster', knows: 'rule', scene: plainRule }],
  no_healthy_endpoints: [
    {
      name: 'before the first check',
      knows: 'rule',
      scene: backend(
        hangingUp,
        {},
        {
          panicThresholdPercent: 0,
          activeCheck: {
            probe: {
              kind: 'http',
              path: '/',
              method: 'GET',
              hostname: 'a',
              expected: [{ start: 200, end: 299 }],
              headers: [],
            },
            intervalMs: 60_000,
            timeoutMs: 30_000,
            jitterPercent: 0,
            unhealthyThreshold: 1,
            healthyThreshold: 1,
            requireInitialSuccess: true,
            port: null,
          },
        },
      ),
    },
  ],
  connect_failed: [
    {
      name: 'of a closed port',
      knows: 'rule',
      scene: async () => {
        const gone = await ScriptedBackend.start();
        await gone.stop();
        return { rule: { backends: [testBackend('a')] }, gateway: { endpoints: { a: [gone.port] } } };
      },
    },
  ],
  connect_timeout: [
    {
      name: 'of a backend that does not begin HTTP/2',
      knows: 'rule',
      scene: async (t) => {
        const scene = await backend(silent)(t);
        const connection = { ...DEFAULT_CLUSTER_POLICY.connection, connectTimeoutMs: QUICK_MS };
        const policy = { ...DEFAULT_CLUSTER_POLICY, connection };
        return {
          ...scene,
          gateway: { ...scene.gateway, clusters: [testCluster('a', { protocol: 'h2', policy })] },
        };
      },
    },
  ],
  upstream_reset: [
    {
      name: 'of a backend that hangs up',
      knows: 'rule',
      scene: backend(hangingUp),
    },
  ],
  upstream_invalid: [
    {
      name: 'of a backend that speaks no HTTP',
      knows: 'rule',
      scene: backend(async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.send('nonsense\r\n\r\n');
      }),
    },
  ],
  upgrade_unsupported: [
    {
      name: 'of a WebSocket to an HTTP/2 backend',
      knows: 'rule',
      scene: withoutTunnels,
      sent: {
        fields: [
          ['connection', 'upgrade, close'],
          ['upgrade', 'websocket'],
          ['sec-websocket-version', '13'],
          ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
        ],
      },
      only: {
        calls: ['GET'],
        version: 'HTTP/1.1',
        because: 'a handshake is a GET request; over HTTP/2 see the next way',
      },
    },
    {
      name: 'of a WebSocket over HTTP/2 to an HTTP/2 backend',
      knows: 'rule',
      scene: withoutTunnels,
      sent: { method: 'CONNECT', protocol: 'websocket', fields: [['sec-websocket-version', '13']] },
      only: { calls: ['GET'], version: 'HTTP/2', because: 'extended CONNECT is of HTTP/2' },
    },
  ],
  rate_limited: [
    {
      name: 'of a limit',
      knows: 'rule',
      isBeforeRedirect: true,
      scene: () => ({ rule: { policies: [rateLimits(testLimit(inFlight(0)))] } }),
    },
  ],
  overflow: [
    {
      name: 'of a circuit breaker',
      knows: 'rule',
      scene: backend(
        silent,
        {},
        {
          circuitBreaker: { ...DEFAULT_CLUSTER_POLICY.circuitBreaker, maxParallelRequests: 0 },
        },
      ),
    },
  ],
  retry_budget: [
    {
      name: 'of retries that are not affordable',
      knows: 'rule',
      scene: backend(
        hangingUp,
        {},
        { retryBudget: { percent: 0, intervalMs: 1_000, minRetryCount: 0, minRetryIntervalMs: 1_000 } },
        {
          retry: {
            attempts: 1,
            on: ['reset'],
            codes: [],
            grpcCodes: [],
            backoffMs: 0,
            maxBackoffMs: 0,
            honorRetryAfter: false,
            perTryTimeoutMs: 0,
            nonIdempotent: 'always',
            maxBodyBytes: 1_000,
          },
        },
      ),
    },
  ],
  request_timeout: [{ name: 'of a rule', knows: 'rule', scene: backend(silent, { requestMs: QUICK_MS }) }],
  backend_timeout: [
    { name: 'of a rule', knows: 'rule', scene: backend(silent, { backendRequestMs: QUICK_MS }) },
  ],
  grpc_timeout: [
    {
      name: 'of a call',
      knows: 'rule',
      scene: backend(silent),
      sent: { fields: [['grpc-timeout', `${QUICK_MS}m`]] },
      only: { calls: ['gRPC'], version: 'HTTP/2', because: 'only a gRPC call has a deadline of its own' },
    },
  ],
  stream_idle: [{ name: 'of a rule', knows: 'rule', scene: backend(silent, { streamIdleMs: QUICK_MS }) }],
  idle_timeout: [
    {
      name: 'of a body',
      knows: 'rule',
      scene: async (t) => ({
        ...(await backend(silent)(t)),
        limits: { slowBody: { windowMs: QUICK_MS, minBytes: 512 } },
      }),
      sent: { body: 'late', unfinished: 'body' },
      only: { calls: ['POST'], because: NEEDS_A_BODY },
    },
    {
      name: 'of a head',
      knows: 'head',
      scene: limited({ headTimeoutMs: QUICK_MS }),
      sent: { unfinished: 'head' },
      only: {
        version: 'HTTP/1.1',
        because: 'a header block of HTTP/2 that does not end ends its connection',
      },
    },
  ],
  access_denied: [
    {
      name: 'of a rule without addresses',
      knows: 'rule',
      isBeforeRedirect: true,
      scene: () => ({
        rule: { backends: [testBackend('a')], policies: [DENY_ALL] },
        gateway: { endpoints: { a: [] } },
      }),
    },
  ],
  auth_required: [
    {
      name: 'of an AuthPolicy',
      knows: 'rule',
      isBeforeRedirect: true,
      scene: () => withPolicy([basic()], { secrets: secrets({ ada: 'right' }) }),
    },
  ],
  auth_invalid: [
    {
      name: 'of an AuthPolicy',
      knows: 'rule',
      isBeforeRedirect: true,
      scene: () => withPolicy([apiKey()], { secrets: secrets({}, { app: 'key' }) }),
      sent: { fields: [['x-api-key', 'wrong']] },
    },
  ],
  auth_throttled: [
    {
      name: 'of an AuthPolicy',
      knows: 'rule',
      isBeforeRedirect: true,
      scene: () =>
        withPolicy(
          [basic()],
          { secrets: secrets({ ada: 'right' }) },
          { check: () => Promise.resolve('throttled') },
        ),
      sent: { fields: [['authorization', basicField('ada', 'wrong')]] },
    },
  ],
  jwks_unavailable: [
    {
      name: 'of an AuthPolicy',
      knows: 'rule',
      isBeforeRedirect: true,
      scene: () =>
        withPolicy([jwt()], { keySets: [keySet({ kind: 'discovery', issuer: 'http://127.0.0.1:1' })] }),
      sent: { fields: [['authorization', 'Bearer a.b.c']] },
    },
  ],
  auth_denied: [
    {
      name: 'of an auth server over HTTP',
      knows: 'rule',
      isBeforeRedirect: true,
      scene: async (t) => {
        const server = await ScriptedBackend.start(async (connection) => {
          for (;;) {
            const head = await connection.readThrough('\r\n\r\n');
            const body = head.startsWith('HEAD') ? '' : 'no entry';
            connection.send(`${DENIAL}content-length: 8\r\n\r\n${body}`);
          }
        });
        t.after(() => server.stop());
        return withAuth(auth('http'), server.port);
      },
      body: 'no entry',
      grpcStatus: 7,
    },
    {
      name: 'of an auth server over gRPC',
      knows: 'rule',
      isBeforeRedirect: true,
      scene: async (t) => {
        const server = await startAuthServer(t, () => ({
          status: { code: 7 },
          denied_response: {
            status: { code: 401 },
            headers: [{ header: { key: 'access-control-allow-origin', value: 'https://auth.example' } }],
            body: 'no entry',
          },
        }));
        return withAuth(auth('grpc'), server.port);
      },
      status: 401,
      body: 'no entry',
      grpcStatus: 16,
    },
  ],
  auth_unavailable: [
    {
      name: 'of a cluster without endpoints',
      knows: 'rule',
      isBeforeRedirect: true,
      scene: () => withAuth(auth('http'), null),
    },
  ],
  bad_request: [{ name: 'of a path', knows: 'head', scene: plainRule, sent: { path: '/a%00' } }],
  head_too_large: [
    {
      name: 'of a field',
      knows: 'head',
      scene: limited({ headBytes: 1_024 }),
      sent: { fields: [['x-large', 'x'.repeat(2_000)]] },
    },
  ],
  uri_too_long: [
    {
      name: 'of a path',
      knows: 'head',
      scene: limited({ targetBytes: 100 }),
      sent: { path: `/${'x'.repeat(200)}` },
    },
  ],
  body_too_large: [
    {
      name: 'of a declared length',
      knows: 'rule',
      isBeforeRedirect: true,
      scene: limited({ bodyBytes: 4 }),
      sent: { body: 'too much' },
    },
    {
      name: 'of a body without length',
      knows: 'rule',
      scene: async (t) => ({ ...(await backend(silent)(t)), limits: { bodyBytes: 4 } }),
      sent: { body: 'too much', isUnsized: true },
    },
    {
      name: 'for an auth server',
      knows: 'rule',
      isBeforeRedirect: true,
      scene: () => withAuth(auth('http', 4), 1),
      sent: { body: 'too much' },
    },
  ],
  not_implemented: [
    {
      name: 'of TRACE',
      knows: 'rule',
      isBeforeRedirect: true,
      scene: plainRule,
      sent: { method: 'TRACE' },
      only: { calls: ['GET'], because: 'it is the method that is refused' },
    },
    {
      name: 'of a coding',
      knows: 'head',
      scene: plainRule,
      sent: { fields: [['transfer-encoding', 'gzip']] },
      only: { version: 'HTTP/1.1', because: 'HTTP/2 has no transfer codings' },
    },
    {
      name: 'of a method',
      knows: 'head',
      scene: plainRule,
      sent: { method: 'M'.repeat(40) },
      only: { calls: ['GET'], because: 'it is the method that is refused' },
    },
  ],
  version_not_supported: [
    {
      name: 'of a request line',
      knows: 'head',
      scene: plainRule,
      sent: { versionText: 'HTTP/1.2' },
      only: { version: 'HTTP/1.1', because: 'the version of HTTP/2 is its preface' },
    },
  ],
  expectation_failed: [
    { name: 'of a field', knows: 'head', scene: plainRule, sent: { fields: [['expect', 'wonders']] } },
  ],
  misdirected: [{ name: 'of another listener', knows: 'listener', scene: onTls }],
  client_closed: { never: 'the client is gone when it is given: it is for logs and metrics' },
};
