/** Two kinds of policies that Sluice does not have, added as a contributor adds one, and helpers to translate them. */
import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { compactSchemas } from '../../scripts/generate/compact-schema.ts';
import { readCrd } from '../../scripts/generate/crd.ts';
import { ownKind, type OwnCrd } from '../../scripts/generate/own-kinds.ts';
import { settingsOf } from '../../src/admin/explain/settings.ts';
import { parseRequest } from '../../src/admin/explain/request.ts';
import type { Condition } from '../../src/gatewayapi/condition.ts';
import type { KindTable } from '../../src/gatewayapi/kind.ts';
import { KindRegistry, SCHEMAS, type KindSchemas } from '../../src/gatewayapi/kind-registry.ts';
import { KINDS } from '../../src/gatewayapi/kinds.ts';
import { SLUICE_GROUP } from '../../src/gatewayapi/ref.ts';
import type { SnapshotOf } from '../../src/gatewayapi/snapshot.ts';
import type { PolicyStatus } from '../../src/gatewayapi/status.ts';
import type { PolicyValue } from '../../src/ir/policy-value.ts';
import { stateFromText } from '../../src/provider/file/load.ts';
import { explain } from '../../src/proxy/router/explain.ts';
import { EXPLAIN_CONTEXT } from '../support/explain-context.ts';
import { compileRegex, measureRegex } from '../../src/proxy/router/regex.ts';
import { errorFault } from '../../src/translator/faults/fault.ts';
import type { FaultCodeOf } from '../../src/translator/faults/fault-codes.ts';
import type { PolicyKind, PolicyObject } from '../../src/translator/policy/policy-kind.ts';
import { POLICY_KINDS } from '../../src/translator/policy/policy-kinds.ts';
import { translate } from '../../src/translator/translate.ts';
import { CONTROLLER_NAME, type TranslateOptions, type TranslateResult } from '../../src/translator/types.ts';

const crd = (kind: string, plural: string, properties: string): string => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ${plural}.gateway.sluice.dev }
spec:
  group: gateway.sluice.dev
  scope: Namespaced
  names: { kind: ${kind}, plural: ${plural} }
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            apiVersion: { type: string }
            kind: { type: string }
            metadata: { type: object }
            spec:
              type: object
              properties:
                targetRefs:
                  type: array
                  items:
                    type: object
                    required: [group, kind, name]
                    properties:
                      group: { type: string }
                      kind: { type: string }
                      name: { type: string }
                      sectionName: { type: string }
                ${properties}
            status:
              type: object
              properties: { ancestors: { type: array, items: { type: object } } }
`;

const TEXT = '{ type: string }';
const DOCUMENTS = [
  crd(
    'BannerPolicy',
    'bannerpolicies',
    `text: ${TEXT}\n                style: { type: object, properties: { color: ${TEXT}, size: ${TEXT} } }`,
  ),
  crd(
    'GuardPolicy',
    'guardpolicies',
    `name: ${TEXT}\n                precedence: ${TEXT}\n                group: ${TEXT}\n                secret: ${TEXT}\n                exempt: { type: boolean }`,
  ),
].map((text) => parse(text) as OwnCrd);
const TABLE: KindTable = Object.assign({}, KINDS, ...DOCUMENTS.map(ownKind)) as KindTable;
const CRDS = DOCUMENTS.flatMap((document) => readCrd(document, Object.values(TABLE)) ?? []);
export const REGISTRY = new KindRegistry(TABLE, { ...SCHEMAS, ...(compactSchemas(CRDS) as KindSchemas) });

interface BannerSettings {
  readonly text?: string;
  readonly style?: { readonly color?: string; readonly size?: string };
}

/** A text above every page: it improves, and a closer policy overrides a farther one field by field. */
const BANNER_POLICY: PolicyKind<PolicyObject & { readonly spec: BannerSettings }, BannerSettings> = {
  group: SLUICE_GROUP,
  kind: 'BannerPolicy',
  objects: (snapshot) => (snapshot as SnapshotOf<typeof TABLE>)['bannerPolicies'] as never,
  targets: ['Gateway', 'ListenerSet', 'HTTPRoute', 'Service'],
  attachment: { kind: 'inherited' },
  whenInvalid: 'ignored',
  hasReferences: false,
  settings: {
    merge: 'override-fields',
    name: 'banner',
    carriers: ['rule', 'listener'],
    layer4: true,
    fields: {},
    lower: ({ text = '', style = {} }: BannerSettings) => (text === '' ? null : { text, ...style }),
  },
  read: ({ spec: { text, style } }) => ({
    settings: { ...(text === undefined ? {} : { text }), ...(style === undefined ? {} : { style }) },
    faults:
      text === 'lorem'
        ? [
            errorFault({
              code: 'banner' as FaultCodeOf<'error'>,
              reason: 'Invalid',
              path: 'spec.text',
              message: 'lorem is not supported.',
            }),
          ]
        : [],
    referenceFaults: [],
    warnings: [],
  }),
};

interface GuardSettings {
  readonly name?: string;
  readonly precedence?: string;
  readonly group?: string;
  readonly secret?: string;
  readonly exempt?: boolean;
}

/** Lets only members of a group through: it protects, and guards of all levels count. */
const GUARD_POLICY: PolicyKind<PolicyObject & { readonly spec: GuardSettings }, GuardSettings> = {
  group: SLUICE_GROUP,
  kind: 'GuardPolicy',
  objects: (snapshot) => (snapshot as SnapshotOf<typeof TABLE>)['guardPolicies'] as never,
  targets: ['Gateway', 'ListenerSet', 'HTTPRoute', 'TCPRoute', 'Service'],
  attachment: { kind: 'inherited' },
  whenInvalid: 'closes',
  hasReferences: true,
  isReferable: true,
  settings: {
    merge: 'add-up',
    name: 'guard',
    carriers: ['port', 'rule', 'backend'],
    layer4: true,
    fields: {},
    itemsOf: ({ name = 'guard', precedence, group = '', exempt = false }: GuardSettings) =>
      exempt
        ? [{ path: 'exempt', name, precedence: 'Default', isExemption: true, value: {} }]
        : [
            {
              path: 'group',
              name,
              precedence: precedence === 'Default' ? 'Default' : 'Override',
              value: { group },
            },
          ],
    lower: (items) => ({ groups: items.map(({ value }) => (value as { readonly group: string }).group) }),
  },
  read: ({ spec }, { lookup, from }) => {
    const missing = spec.secret !== undefined && lookup.secret(from.namespace, spec.secret) === undefined;
    const fault = errorFault({
      code: 'guard' as FaultCodeOf<'error'>,
      reason: 'RefNotPermitted',
      path: 'spec.secret',
      message: 'No such Secret.',
    });
    const { name = 'guard', precedence = 'Override', group = '', exempt = false } = spec;
    return {
      settings: missing ? null : { name, precedence, group, exempt },
      faults: [],
      referenceFaults: missing ? [fault] : [],
      warnings: [],
    };
  },
};

export const OPTIONS: TranslateOptions = {
  controllerName: CONTROLLER_NAME,
  allClasses: false,
  addresses: 'bind',
  trustedCidrs: [],
  readCertificate: () => ({ ok: false, message: 'there are none here' }),
  validateCaBundle: () => null,
  measureRegex,
  policyKinds: [...POLICY_KINDS, BANNER_POLICY, GUARD_POLICY],
};

/** A Gateway `web` with two listeners, two Services, and a route `db` of TCP. */
export const BASE = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: ${CONTROLLER_NAME} }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: sluice
  listeners:
    - { name: http, port: 80, protocol: HTTP }
    - { name: tcp, port: 5432, protocol: TCP }
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: { name: db }
spec:
  parentRefs: [{ name: web, sectionName: tcp }]
  rules: [{ backendRefs: [{ name: shop, port: 80 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: log }
spec: { ports: [{ name: http, port: 80 }] }
`;

/** Two rules, of which the first has two backends. */
export const SHOP_ROUTE = `
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec:
  parentRefs: [{ name: web, sectionName: http }]
  rules:
    - name: cart
      matches: [{ path: { value: /cart } }]
      backendRefs: [{ name: shop, port: 80 }, { name: log, port: 80 }]
    - backendRefs: [{ name: shop, port: 80 }]
`;

export const GATEWAY = 'group: gateway.networking.k8s.io, kind: Gateway, name: web';
export const ROUTE = 'group: gateway.networking.k8s.io, kind: HTTPRoute, name: shop';
export const LOG = "group: '', kind: Service, name: log";

/** The later in a list, the younger. */
let age = 0;
function policy(kind: string, name: string, target: string | null, spec: string): string {
  age += 1;
  const created = new Date(Date.UTC(2024, 0, age)).toISOString().replace('.000Z', 'Z');
  return `
---
apiVersion: gateway.sluice.dev/v1alpha1
kind: ${kind}
metadata: { name: ${name}, creationTimestamp: '${created}' }
spec: { ${target === null ? '' : `targetRefs: [{ ${target} }], `}${spec} }
`;
}
export const banner = (name: string, target: string, spec: string): string =>
  policy('BannerPolicy', name, target, spec);
/** `target`: null for one that only filters refer to. */
export const guard = (name: string, target: string | null, spec: string): string =>
  policy('GuardPolicy', name, target, spec);

/** Translates the base with policies; an object `{ route }` replaces the HTTPRoute `shop`. */
export function run(...parts: readonly (string | { readonly route: string })[]): TranslateResult {
  const policies = parts.filter((part) => typeof part === 'string');
  const route = parts.find((part) => typeof part === 'object')?.route ?? SHOP_ROUTE;
  const { snapshot, findings } = stateFromText(BASE + route + policies.join(''), 'all.yaml', REGISTRY);
  assert.deepEqual(findings, []);
  return translate(snapshot, { dataPlanes: [] }, OPTIONS);
}

export const configOf = ({ configs }: TranslateResult): TranslateResult['configs'][number] => {
  const [config] = configs;
  assert.ok(config !== undefined);
  return config;
};

/** By kind: what it says, and the policies that it comes from. */
export const shown = (values: readonly PolicyValue[] | undefined): unknown =>
  (values ?? []).map(({ kind, settings, from }) => [kind, settings, from.map(({ name }) => name)]);

export const ruleOf = (
  result: TranslateResult,
  index: number,
): TranslateResult['configs'][number]['rules'][number] => {
  const rule = configOf(result).rules.find(({ origin }) => origin.name === 'shop' && origin.index === index);
  assert.ok(rule !== undefined);
  return rule;
};

export function statusOf({ statuses }: TranslateResult, name: string): PolicyStatus['ancestors'] {
  const update = statuses.find(({ object }) => object.name === name);
  assert.ok(update !== undefined && 'ancestors' in update.status);
  return update.status.ancestors;
}

export const conditionsOf = (list: readonly Condition[]): readonly string[] =>
  list.map(({ type, status, reason }) => `${type} ${status} ${reason}`);

export const findingsOf = ({ findings }: TranslateResult, name: string): readonly string[] =>
  findings.filter(({ object }) => object.name === name).map(({ code, path }) => `${code} ${path}`);

/** What `explain` prints of this kind for a request, with the origin of each setting. */
export function explained(result: TranslateResult, url: string, prefix: string): readonly string[] {
  const parsed = parseRequest(url, []);
  assert.ok(parsed.ok);
  const [policies] = result.policies;
  assert.ok(policies !== undefined);
  const explanation = explain(configOf(result), parsed.request, compileRegex, {
    ...EXPLAIN_CONTEXT,
    settingsOf: settingsOf(configOf(result), policies, OPTIONS.policyKinds),
  });
  return (explanation?.backends ?? []).flatMap((backend) =>
    backend.settings
      .filter(({ field }) => field.startsWith(prefix))
      .map(({ field, value, from }) => `${field} ${value} (${from?.name ?? 'default'})`),
  );
}
