/** The secrets and key sets that the policies of a configuration need. */
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { Origin } from '../../ir/origin.ts';
import type { PolicyValue } from '../../ir/policy-value.ts';
import { Redacted } from '../../ir/redacted.ts';
import type { RouteRule } from '../../ir/route.ts';
import type { PolicySecret } from '../../ir/secret.ts';
import { compareText } from '../../lib/compare.ts';
import type { Derivation } from '../../lib/keyed-list.ts';
import type { Memo } from '../../lib/memo.ts';
import type { PolicyNode, PolicyResources, PolicySecretNode } from '../policy/policy-kind.ts';

type ConfigResources = Pick<GatewayConfig, 'keySets' | 'secrets'>;

/** Members without items are left out. `policies`: all of them. */
export function resourcesInUse(
  rules: readonly RouteRule[],
  policies: readonly PolicyNode[],
  memo: Memo,
): ConfigResources {
  const values = memo.items('policy values', rules, valuesOf);
  if (values.length === 0) return {};
  const used = memo.value('used', [values, policies], () => resourcesOf(values, policies));
  const keySets = memo.equal('key sets', distinct(used.flatMap((one) => one.keySets)));
  const secrets = memo.list('secrets', distinct(used.flatMap((one) => one.secrets)), SECRETS);
  return {
    ...(keySets.length === 0 ? {} : { keySets }),
    ...(secrets.length === 0 ? {} : { secrets }),
  };
}

/** Of a rule and its backends. */
const valuesOf = ({ policies = NONE, action }: RouteRule): readonly PolicyValue[] => {
  if (action.kind !== 'forward') return policies;
  const ofBackends = action.backends.flatMap((backend) =>
    backend.kind === 'cluster' ? (backend.policies ?? NONE) : NONE,
  );
  return ofBackends.length === 0 ? policies : [...policies, ...ofBackends];
};

const NONE: readonly never[] = [];

function resourcesOf(
  values: readonly PolicyValue[],
  policies: readonly PolicyNode[],
): readonly PolicyResources[] {
  const origins = new Set([...new Set(values)].flatMap(({ from }) => from.map(keyOf)));
  return policies.flatMap(({ ref, resources }) =>
    resources !== undefined && origins.has(keyOf(ref)) ? [resources] : [],
  );
}

const keyOf = ({ kind, namespace, name }: Pick<Origin, 'kind' | 'namespace' | 'name'>): string =>
  `${kind}/${namespace}/${name}`;

/** Policies may share a Secret, or a provider. */
const distinct = <Item extends { readonly id: string }>(items: readonly Item[]): readonly Item[] =>
  [...new Map(items.map((item) => [item.id, item])).values()].sort((a, b) => compareText(a.id, b.id));

const SECRETS: Derivation<PolicySecretNode, PolicySecret> = {
  keyOf: ({ id }) => id,
  derive: ({ id, text }) => ({ id, text: new Redacted(text) }),
  reuse: (before, after) =>
    before !== undefined && textOfSecret(before) === textOfSecret(after) ? before : after,
};

/** For digests: what the secret's own JSON does not show is part of the version. */
export const textOfSecret = ({ id, text }: PolicySecret): string => JSON.stringify([id, text.reveal()]);
