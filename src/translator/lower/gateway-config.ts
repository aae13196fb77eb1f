/** Lowers one Gateway of the graph to the configuration of one data plane. */
import type { Cluster } from '../../ir/cluster.ts';
import { gatewayDataPlane } from '../../ir/data-plane-id.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { RouteRule } from '../../ir/route.ts';
import { Redacted } from '../../ir/redacted.ts';
import type { Certificate } from '../../ir/tls.ts';
import { compareText } from '../../lib/compare.ts';
import type { Derivation } from '../../lib/keyed-list.ts';
import type { Memo } from '../../lib/memo.ts';
import { memoizeByKey } from '../../lib/memoize-by-key.ts';
import { reuseIfEqual, reuseIfSameItems } from '../../lib/reuse.ts';
import type { CertificateNode } from '../graph/certificate.ts';
import type { Attachments, GatewayNode } from '../graph/nodes.ts';
import type { PolicyNode } from '../policy/policy-kind.ts';
import { generationOf } from '../graph/object-key.ts';
import type { RulePolicies, TranslateOptions } from '../types.ts';
import { lowerEndpointSets, type Slices } from './endpoint-sets.ts';
import { resourcesInUse, textOfSecret } from './policy-resources.ts';
import { lowerSettings } from './proxy-config.ts';
import type { LoweredRule } from './route-rule.ts';
import type { RuleContext } from './route-rules.ts';
import { rulesInUse } from './rules-in-use.ts';
import {
  lowerListeners,
  portsOf,
  servedBy,
  type LoweredListeners,
  type ServedListener,
} from './served-listeners.ts';
import { lowerCluster, type ClusterUse } from './upstreams.ts';
import type { Digests } from './version.ts';

/** What lowering shares between all Gateways. */
export interface Lowering extends RuleContext {
  readonly options: Pick<TranslateOptions, 'addresses' | 'trustedCidrs'>;
  readonly attachments: Attachments;
  readonly endpoints: Slices;
  readonly digests: Digests;
  /** Memo of lowered rules, which Gateways share. */
  readonly rules: Memo;
  /** Every policy. */
  readonly policyNodes: readonly PolicyNode[];
}

export interface LoweredGateway {
  readonly config: GatewayConfig;
  /** The inputs of the rules in the configuration. */
  readonly rules: readonly LoweredRule[];
}

/** The configuration is the same object until something changes; so are its parts. */
export function lowerGateway(gateway: GatewayNode, lowering: Lowering, memo: Memo): LoweredGateway {
  const { options, digests } = lowering;
  const clientCertificate = gateway.clientCertificate?.ok === true ? gateway.clientCertificate.value : null;
  const served = servedBy(gateway, lowering);
  const listeners = lowerListeners(served, lowering, memo.part('listeners'));
  const rules = rulesInUse(served, lowering.inherited, memo.part('rules'));
  const uses = clustersInUse(listeners, rules, memo.part('uses'));
  const certificates = certificatesInUse({ served, uses, clientCertificate }, memo.part('certificates'));
  const config: Unversioned = {
    dataPlane: gatewayDataPlane(gateway.ref),
    generation: generationOf(gateway.object),
    addresses: memo.equal('addresses', options.addresses === 'bind' ? addressesToBind(gateway) : []),
    ports: memo.equal('ports', portsOf(served, listeners, lowering.policies)),
    rules: memo.list('rules', rules, RULES),
    clusters: lowerClusters(uses, clientCertificate, memo),
    endpoints: lowerEndpointSets(uses, lowering.endpoints, memo.part('endpoints')),
    certificates: memo.list('certificates', certificates, CERTIFICATES),
    settings: memo.equal('settings', lowerSettings(gateway.settings, options.trustedCidrs)),
  };
  const resources = resourcesInUse(config.rules, lowering.policyNodes, memo.part('resources'));
  const whole = { ...config, ...resources };
  const version = versionOf(whole, { listeners, digests, memo });
  return { config: memo.value('config', [version], () => ({ version, ...whole })), rules };
}

type Unversioned = Omit<GatewayConfig, 'version'>;

/** 64 hexadecimal digits: the hash of everything but the endpoints, then the hash of the endpoints. */
function versionOf(
  config: Unversioned,
  {
    listeners,
    digests,
    memo,
  }: { readonly listeners: LoweredListeners; readonly digests: Digests; readonly memo: Memo },
): string {
  const { dataPlane, generation, addresses, settings } = config;
  const ports = config.ports.map((port) => [
    port.number,
    port.transport,
    port.listeners.map(({ id }) => listeners.get(id)?.digest),
    ...(port.policies === undefined ? [] : [port.policies]),
  ]);
  const frame = JSON.stringify([dataPlane, generation, addresses, settings, ports]);
  const rest = [
    memo.value('frame digest', [frame], () => digests.ofText(frame)),
    digests.ofList(memo.part('rule digests'), config.rules),
    digests.ofList(memo.part('cluster digests'), config.clusters),
    digests.ofList(memo.part('certificate digests'), config.certificates, textOfCertificate),
    ...(config.keySets === undefined ? [] : [digests.ofList(memo.part('key set digests'), config.keySets)]),
    ...(config.secrets === undefined
      ? []
      : [digests.ofList(memo.part('secret digests'), config.secrets, textOfSecret)]),
  ];
  // Endpoints come last, so that they can change without the rest being hashed.
  return (
    memo.value('rest digest', rest, () => digests.join(rest)) +
    digests.ofList(memo.part('endpoint digests'), config.endpoints)
  );
}

/** Every cluster that is used, once, by id. */
function clustersInUse(
  listeners: LoweredListeners,
  rules: readonly LoweredRule[],
  memo: Memo,
): readonly ClusterUse[] {
  const ofListeners = [...listeners.values()].flatMap(({ clusters }) => clusters);
  const ofRules = memo.items('of rules', rules, ({ clusters }) => clusters);
  const all = ofListeners.length === 0 ? ofRules : [...ofListeners, ...ofRules];
  const sorted = memo.sorted('sorted', memo.list('all', all, USES), (a, b) => compareText(a.id, b.id));
  return memo.value('distinct', [sorted], (before: readonly ClusterUse[] | null) =>
    reuseIfSameItems(
      before ?? [],
      sorted.filter(({ id }, at) => id !== sorted[at - 1]?.id),
    ),
  );
}

/** `clientCertificate`: the Gateway's own. */
function lowerClusters(
  uses: readonly ClusterUse[],
  clientCertificate: CertificateNode | null,
  memo: Memo,
): readonly Cluster[] {
  const id = clientCertificate?.id ?? null;
  return memo.part(`clusters with certificate ${id ?? ''}`).list('clusters', uses, {
    keyOf: (use) => use.id,
    derive: (use) => lowerCluster(use, id),
    reuse: reuseIfEqual,
  });
}

interface CertificateUsers {
  readonly served: readonly ServedListener[];
  readonly uses: readonly ClusterUse[];
  /** The Gateway's own, for clusters. */
  readonly clientCertificate: CertificateNode | null;
}

function certificatesInUse(
  { served, uses, clientCertificate }: CertificateUsers,
  memo: Memo,
): readonly CertificateNode[] {
  const ofListeners = served.flatMap(({ node }) => node.certificates);
  const ofUses = memo.items('of uses', uses, (use) => certificateOf(use, clientCertificate), {
    inputs: [clientCertificate],
  });
  const byId = new Map([...ofListeners, ...ofUses].map((node) => [node.id, node]));
  return [...byId.values()].sort((a, b) => compareText(a.id, b.id));
}

/** The certificate that the gateway presents to a backend. */
function certificateOf(
  { upstream, encrypted }: ClusterUse,
  clientCertificate: CertificateNode | null,
): readonly CertificateNode[] {
  if (!encrypted || upstream.tls?.ok !== true) return [];
  const certificate = upstream.tls.value.clientCertificate ?? clientCertificate;
  return certificate === null ? [] : [certificate];
}

/** The origins of rule and pool settings, computed on first use. */
export const policiesOf = memoizeByKey(
  (rules: readonly LoweredRule[]): RulePolicies =>
    new Map(rules.map(({ rule, policies }) => [rule.id, policies])),
);

const RULES: Derivation<LoweredRule, RouteRule> = {
  keyOf: ({ rule }) => rule.id,
  derive: ({ rule }) => rule,
  reuse: reuseIfEqual,
};

/** A rule often changes without changing its uses of clusters. */
const USES: Derivation<ClusterUse, ClusterUse> = {
  keyOf: ({ id }) => id,
  derive: (use) => use,
  reuse: reuseIfEqual,
};

const CERTIFICATES: Derivation<CertificateNode, Certificate> = {
  keyOf: ({ id }) => id,
  derive: ({ id, certificatePem, keyPem, ocspResponse }) => ({
    id,
    certificatePem,
    keyPem: new Redacted(keyPem),
    ocspResponse,
  }),
  reuse: (before, after) =>
    before !== undefined && textOfCertificate(before) === textOfCertificate(after) ? before : after,
};

/** Includes the private key, which is not in the certificate's own JSON. */
const textOfCertificate = ({ id, certificatePem, keyPem, ocspResponse }: Certificate): string =>
  JSON.stringify([id, certificatePem, keyPem.reveal(), ocspResponse]);

const addressesToBind = ({ object }: GatewayNode): readonly string[] =>
  (object.spec.addresses ?? []).flatMap(({ type = 'IPAddress', value = '' }) =>
    type === 'IPAddress' && value !== '' ? [value] : [],
  );
