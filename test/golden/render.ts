/** Results of a case as YAML for people: stable order, defaults left out. */
import { Document, isMap, isPair, isScalar, isSeq } from 'yaml';
import { DEFAULT_PROXY_SETTINGS, type GatewayConfig } from '../../src/ir/gateway-config.ts';
import { DEFAULT_WORKLOAD } from '../../src/ir/workload.ts';
import { DEFAULT_CLUSTER_POLICY, DEFAULT_TIMEOUTS } from '../../src/ir/policy.ts';
import { Redacted } from '../../src/ir/redacted.ts';
import { canonicalJson } from '../../src/lib/canonical-json.ts';
import type { TranslateResult } from '../../src/translator/types.ts';

/** Collections that fit are written on one line, as `{ a: 1, b: 2 }`. */
const MAX_FLOW_CHARACTERS = 150;

function stringify(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  foldShort(document.contents, 0);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** Length of the node on one line; Infinity when it must not be on one. */
function foldShort(node: unknown, depth: number): number {
  if (isScalar(node)) return String(node.value).length + 2;
  if (isPair(node)) return foldShort(node.key, depth) + foldShort(node.value, depth) + 2;
  if (!isMap(node) && !isSeq(node)) return 4;
  const length = node.items.reduce<number>((sum, item) => sum + foldShort(item, depth + 1) + 2, 4);
  const isCondition = isMap(node) && node.has('observedGeneration');
  if (length + depth * 2 > MAX_FLOW_CHARACTERS && !isCondition) return Infinity;
  node.flow = true;
  // Each condition is on its own line.
  return isCondition ? Infinity : length;
}

/** Values that are omitted everywhere in the goldens, because every case would repeat them. */
const DEFAULTS: Readonly<Record<string, string>> = {
  policy: canonicalJson(DEFAULT_CLUSTER_POLICY),
  timeouts: canonicalJson(DEFAULT_TIMEOUTS),
  settings: canonicalJson(DEFAULT_PROXY_SETTINGS),
  workload: canonicalJson(DEFAULT_WORKLOAD),
};

export function renderIr({ configs, infra }: TranslateResult): string {
  const readable = { configs: configs.map(withoutVersion), infra };
  return stringify(withoutDefaults(readable));
}

/** The version is the hash of the rest: it would change with every golden and say nothing. */
function withoutVersion({ version, ...rest }: GatewayConfig): Omit<GatewayConfig, 'version'> {
  if (!/^[0-9a-f]{64}$/.test(version)) throw new Error(`version ${version} is not a hash`);
  return rest;
}

function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Redacted) return String(value);
  const kept = Object.entries(value).filter(([key, member]) => DEFAULTS[key] !== canonicalJson(member));
  return Object.fromEntries(
    kept.map(([key, member]) => [
      key,
      key === 'policy' ? changedParts(member as object) : withoutDefaults(member),
    ]),
  );
}

/** Parts of a cluster's policy that are not the default. */
function changedParts(policy: object): object {
  const standard: Readonly<Record<string, unknown>> = { ...DEFAULT_CLUSTER_POLICY };
  return Object.fromEntries(
    Object.entries(policy).filter(([part, value]) => canonicalJson(standard[part]) !== canonicalJson(value)),
  );
}

/** Statuses and findings. The status of an accepted GatewayClass is shown in its own area only. */
export function renderStatus({ statuses, findings }: TranslateResult, area: string): string {
  const shown = statuses.filter(({ kind }) => kind !== 'GatewayClass' || area === 'gateway-class');
  return stringify({ statuses: shown, findings });
}
