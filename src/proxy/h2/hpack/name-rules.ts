/** Fixed rules of the encoder for field names: their static index, and whether their values are indexed. */
import { STATIC_ENTRIES } from './static-table.ts';

/**
 * `index`: values repeat. `repeat`: seldom, so a value is indexed when it comes again. `never`: each value is new. `secret`: never
 * indexed, since another user of the connection could guess it from the size of the output (RFC 7541 section 7.1.3).
 */
export type IndexPolicy = 'index' | 'repeat' | 'never' | 'secret' | 'secret-if-short';

export interface NameRule {
  /** First static index with the name; 0 = none. */
  readonly staticIndex: number;
  readonly policy: IndexPolicy;
  /** Static index by value; null when the static table has none. */
  readonly staticValues: ReadonlyMap<string, number> | null;
}

const POLICIES: ReadonlyMap<string, IndexPolicy> = new Map(
  Object.entries({
    repeat: [
      ':path',
      'age',
      'content-length',
      'etag',
      'forwarded',
      'grpc-message',
      'grpc-timeout',
      'if-modified-since',
      'if-none-match',
      'last-modified',
      'location',
      'traceparent',
      'tracestate',
      'x-forwarded-for',
      'x-real-ip',
    ],
    never: ['sec-websocket-key', 'x-request-id'],
    secret: ['authorization', 'proxy-authorization', 'set-cookie'],
    'secret-if-short': ['cookie'],
  } satisfies Partial<Record<IndexPolicy, string[]>>).flatMap(([policy, names]) =>
    names.map((name) => [name, policy as IndexPolicy] as const),
  ),
);

/** Of a name that nothing is known of. */
export const DEFAULT_RULE: NameRule = { staticIndex: 0, policy: 'index', staticValues: null };

/** By name: every name of the static table, and those with a policy of their own. */
export const NAME_RULES: ReadonlyMap<string, NameRule> = buildRules();

function buildRules(): ReadonlyMap<string, NameRule> {
  const names = new Set([...STATIC_ENTRIES.map(({ name }) => name), ...POLICIES.keys()]);
  return new Map([...names].map((name) => [name, ruleOf(name)] as const));
}

function ruleOf(name: string): NameRule {
  const values = new Map<string, number>();
  STATIC_ENTRIES.forEach((entry, index) => {
    if (entry.name === name && entry.value !== '') values.set(entry.value, index + 1);
  });
  return {
    staticIndex: STATIC_ENTRIES.findIndex((entry) => entry.name === name) + 1,
    policy: POLICIES.get(name) ?? 'index',
    staticValues: values.size === 0 ? null : values,
  };
}
