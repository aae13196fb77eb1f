/**
 * Every response that the gateway makes itself is one like every other: each reason code × {GET, HEAD, POST, gRPC} × {HTTP/1.1, HTTP/2}
 * × filters of the rule, over real sockets. How a reason comes about is in test/support/reply-ways.ts.
 */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { Filter, HeaderField } from '../../ir/filter.ts';
import { REASONS, type ReasonCode } from '../../ir/reason.ts';
import { testConfig, type TestRule } from '../../../test/support/gateway-config.ts';
import type { Field } from '../../../test/support/reference-hpack.ts';
import {
  exchangeOnce,
  type Received,
  type Sent,
  type Target,
  type Version,
} from '../../../test/support/reply-client.ts';
import type { Call, Scene, Way } from '../../../test/support/reply-scenes.ts';
import { WAYS } from '../../../test/support/reply-ways.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';
import { GRPC_STATUS } from '../message/grpc-status.ts';

const ORIGIN = 'https://app.example';
const CALLS: readonly Call[] = ['GET', 'HEAD', 'POST', 'gRPC'];
const VERSIONS: readonly Version[] = ['HTTP/1.1', 'HTTP/2'];

const CORS: Filter = {
  kind: 'cors',
  allowOrigins: [ORIGIN],
  allowCredentials: false,
  allowMethods: ['GET'],
  allowHeaders: [],
  exposeHeaders: [],
  maxAgeSeconds: 5,
};
const edits = (...set: HeaderField[]): Filter => ({
  kind: 'response-headers',
  edit: { set, add: [{ name: 'X-Added', value: 'more' }], remove: ['date'] },
});
const SET: HeaderField = { name: 'Strict-Transport-Security', value: 'max-age=600' };
const AGAINST_CORS: readonly HeaderField[] = [
  { name: 'Access-Control-Allow-Origin', value: 'https://old.example' },
  { name: 'Vary', value: 'Origin, Accept' },
];
const REDIRECT: Filter = {
  kind: 'redirect',
  scheme: 'https',
  hostname: 'new.example',
  path: null,
  port: null,
  status: 302,
};

/** Filters of the rule, by the path that leads to it. */
const VARIANTS = {
  plain: [],
  cors: [CORS],
  edits: [edits(SET)],
  both: [CORS, edits(SET, ...AGAINST_CORS)],
  redirect: [CORS, edits(SET, ...AGAINST_CORS), REDIRECT],
} as const satisfies Record<string, readonly Filter[]>;
type Variant = keyof typeof VARIANTS;

async function serve(t: TestContext, scene: Scene): Promise<Target> {
  const { rule, filters = [], gateway = {}, firstRules = [], limits = {}, adapt, options = {} } = scene;
  const rules = Object.entries(VARIANTS).map(([name, own]): TestRule => ({
    ...rule,
    pathPrefix: `/${name}`,
    filters: [...own, ...filters],
  }));
  const config = testConfig({
    ...gateway,
    rules: [...firstRules, ...rules],
    settings: { reasonHeader: true },
  });
  const proxy = await TestProxy.start(adapt?.(config) ?? config, limits, options);
  t.after(() => proxy.stop());
  return { ...scene.target, port: proxy.port };
}

function sentBy(call: Call, variant: Variant, sent: Partial<Sent> = {}): Sent {
  const isGrpc = call === 'gRPC';
  const type: Field[] = isGrpc ? [['content-type', 'application/grpc']] : [];
  return {
    path: `/${variant}/x`,
    method: isGrpc ? 'POST' : call,
    ...sent,
    fields: [['origin', ORIGIN], ...type, ...(sent.fields ?? [])],
  };
}

const all = ({ fields }: Received, name: string): string[] =>
  fields.filter(([key]) => key === name).map(([, value]) => value);

interface Asked {
  readonly reason: ReasonCode;
  readonly way: Way;
  readonly call: Call;
  readonly version: Version;
  readonly variant: Variant;
}

/** What a rule that redirects gives instead, where the reason comes later. */
const reasonOf = ({ reason, way, variant }: Asked): ReasonCode =>
  variant === 'redirect' && way.knows === 'rule' && way.isBeforeRedirect !== true ? 'redirect' : reason;

function check(asked: Asked, got: Received): void {
  const { way, call, version } = asked;
  const reason = reasonOf(asked);
  const isOwn = reason === asked.reason;
  // HTTP/1.1 carries no gRPC.
  const isGrpc = call === 'gRPC' && version === 'HTTP/2';
  if (isGrpc) {
    assert.equal(got.status, 200);
    assert.deepEqual(all(got, 'content-type'), ['application/grpc']);
    const expected = (isOwn ? way.grpcStatus : undefined) ?? GRPC_STATUS[reason];
    assert.deepEqual(all(got, 'grpc-status'), [String(expected)]);
    assert.notDeepEqual(all(got, 'grpc-message'), []);
    assert.ok(got.endedWithHead, 'a gRPC status is in a head without body');
  } else {
    assert.equal(got.status, (isOwn ? way.status : undefined) ?? REASONS[reason].status);
    checkBody(asked, got);
  }
  assert.deepEqual(all(got, 'location').length, reason === 'redirect' ? 1 : 0);
  if (way.knows === 'rule') assert.deepEqual(all(got, 'x-sluice-reason'), [reason]);
  checkFilters(asked, got);
}

function checkBody(asked: Asked, got: Received): void {
  const { way, call } = asked;
  const reason = reasonOf(asked);
  const whole = reason === 'redirect' ? '' : (way.body ?? `${reason}: ${REASONS[reason].text}\n`);
  const isHead = call === 'HEAD';
  assert.equal(got.body, isHead ? '' : whole);
  if (isHead || whole === '') assert.ok(got.endedWithHead, 'no body may follow');
  const lengths = got.status === 204 ? [] : [String(whole.length)];
  assert.deepEqual(all(got, 'content-length'), lengths);
}

/** Once each, and only where a rule is known. */
function checkFilters({ way, variant }: Asked, got: Received): void {
  const filters: readonly Filter[] = way.knows === 'rule' ? VARIANTS[variant] : [];
  const hasCors = filters.includes(CORS);
  const hasEdits = filters.some(({ kind }) => kind === 'response-headers');
  const ofAuth = all(got, 'access-control-allow-origin').filter((value) => value === 'https://auth.example');
  assert.deepEqual(all(got, 'access-control-allow-origin'), hasCors ? [ORIGIN] : ofAuth);
  const varies = all(got, 'vary').join(', ').toLowerCase().split(', ');
  if (hasCors) assert.equal(varies.filter((member) => member === 'origin').length, 1);
  assert.deepEqual(all(got, 'strict-transport-security'), hasEdits ? [SET.value] : []);
  assert.deepEqual(all(got, 'x-added'), hasEdits ? ['more'] : []);
  if (hasEdits) assert.deepEqual(all(got, 'date'), []);
}

/** A preflight is answered only where there is a CORS filter. */
const hasVariant = (reason: ReasonCode, variant: Variant): boolean =>
  reason !== 'cors_preflight' || variant === 'cors' || variant === 'both' || variant === 'redirect';

describe('every response of the gateway', () => {
  for (const [code, ways] of Object.entries(WAYS)) {
    const reason = code as ReasonCode;
    if ('never' in ways) continue;
    for (const way of ways) {
      test(`${reason} ${way.name}`, async (t) => {
        const target = await serve(t, await way.scene(t));
        const asked = CALLS.filter((call) => way.only?.calls?.includes(call) ?? true).flatMap((call) =>
          VERSIONS.filter((version) => (way.only?.version ?? version) === version).flatMap((version) =>
            (Object.keys(VARIANTS) as Variant[])
              .filter((variant) => hasVariant(reason, variant))
              .map((variant): Asked => ({ reason, way, call, version, variant })),
          ),
        );
        await Promise.all(
          asked.map(async (one) => {
            const { call, version, variant } = one;
            try {
              check(one, await exchangeOnce(target, version, sentBy(call, variant, way.sent)));
            } catch (error) {
              const cause = error instanceof Error ? error.message : String(error);
              throw new Error(`${call} over ${version}, filters "${variant}": ${cause}`, { cause: error });
            }
          }),
        );
      });
    }
  }

  test('has a way to come about, or a reason why it has not', () => {
    assert.deepEqual(Object.keys(WAYS).toSorted(), Object.keys(REASONS).toSorted());
    for (const [reason, ways] of Object.entries(WAYS)) {
      assert.ok('never' in ways ? ways.never !== '' : ways.length > 0, reason);
    }
  });
});
