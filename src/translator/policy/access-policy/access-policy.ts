/** AccessPolicy: who may send requests. policy/combine.ts says which policies apply, proxy/filter/access what they do. */
import type { AccessPolicy, AccessPolicyRule } from '../../../gatewayapi/generated/types.ts';
import { SLUICE_GROUP } from '../../../gatewayapi/ref.ts';
import type { AccessPolicyIr, AccessRule, AccessSettings } from '../../../ir/access.ts';
import type { Fault } from '../../faults/fault.ts';
import type { ReferenceContext } from '../../graph/certificate.ts';
import { accessOnLayer4, policyValue } from '../faults.ts';
import type { PolicyKind, PolicyReading } from '../policy-kind.ts';
import type { AddingSettings, AppliedItem } from '../policy-settings.ts';
import { readResponse } from '../policy-response.ts';
import { LAYER4_TARGETS, ROUTE_TARGETS } from '../targets.ts';
import { readRule } from './access-rule.ts';

/** A policy but for where it is. */
export interface AccessPolicySettings extends Omit<AccessPolicyIr, 'policy' | 'level'> {
  readonly precedence: 'Override' | 'Default';
}

const DENIED = 403;

const ACCESS_SETTINGS: AddingSettings<AccessPolicySettings> = {
  merge: 'add-up',
  name: 'access',
  carriers: ['rule', 'backend'],
  layer4: true,
  fields: {},
  // `explain` lists the policies of the rule.
  describe: () => [],
  itemsOf: (settings) => [
    { path: 'rules', name: nameOf(settings), precedence: settings.precedence, value: settings },
  ],
  lower: (items, carrier) => {
    // What governs the rule as a whole has acted before a backend is chosen.
    const own = carrier === 'backend' ? items.filter(({ level }) => level === 'backendRef') : items;
    const settings: AccessSettings = { policies: own.map(lowerPolicy) };
    return own.length === 0 ? null : settings;
  },
  problemOnLayer4: ({ rules, mode }) => {
    if (mode === 'audit') return null;
    const found = rules.flatMap((rule) => layer4Conditions(rule).map((field) => `${field} of ${rule.name}`));
    return found.length === 0
      ? null
      : `connections of layer 4 have an address, and cannot meet conditions on requests (${found.join(', ')})`;
  },
};

/** Defaults replace each other, and nothing else. What is tried out replaces nothing that is enforced. */
const nameOf = ({ precedence, mode }: AccessPolicySettings): string => `${precedence} ${mode}`;

export const ACCESS_POLICY: PolicyKind<AccessPolicy, AccessPolicySettings> = {
  group: SLUICE_GROUP,
  kind: 'AccessPolicy',
  objects: ({ accessPolicies }) => accessPolicies,
  targets: ['Gateway', 'ListenerSet', ...ROUTE_TARGETS],
  attachment: { kind: 'inherited' },
  whenInvalid: 'closes',
  hasReferences: true,
  isReferable: true,
  settings: ACCESS_SETTINGS,
  read: readAccessPolicy,
};

function readAccessPolicy(
  { spec }: AccessPolicy,
  context: ReferenceContext,
): PolicyReading<AccessPolicySettings> {
  const { action, precedence = 'Override', mode = 'Enforce', response } = spec;
  const rules = spec.rules.map((rule, index) => readRule(rule, `spec.rules[${String(index)}]`, context));
  const reply = readResponse(response, DENIED, context);
  const faults = [
    ...(action === 'Deny' && precedence === 'Default'
      ? [policyValue('spec.precedence', 'a Deny cannot be a Default, since closer policies would undo it.')]
      : []),
    ...rules.flatMap((rule) => rule.faults),
    ...reply.faults,
    ...layer4Faults(spec),
  ];
  const referenceFaults = [...rules.flatMap((rule) => rule.referenceFaults), ...reply.referenceFaults];
  const settings: AccessPolicySettings = {
    precedence,
    action: action === 'Deny' ? 'deny' : 'allow',
    mode: mode === 'Audit' ? 'audit' : 'enforce',
    rules: rules.map(({ rule }) => rule),
    response: reply.response,
  };
  return {
    settings: faults.length > 0 || referenceFaults.length > 0 ? null : settings,
    faults,
    referenceFaults,
    warnings: [],
    refusesNothing: mode === 'Audit',
  };
}

function lowerPolicy({ value, policy, level }: AppliedItem): AccessPolicyIr {
  const { action, mode, rules, response } = value as AccessPolicySettings;
  return { policy, level, action, mode, rules, response };
}

type Condition = 'methods' | 'headers' | 'principal';

/** The conditions that a connection of layer 4 cannot meet. */
function layer4Conditions({ methods, headers, principal }: AccessRule): readonly Condition[] {
  return [
    ...(methods === null ? [] : (['methods'] as const)),
    ...(headers.length === 0 ? [] : (['headers'] as const)),
    ...(principal === null ? [] : (['principal'] as const)),
  ];
}

const REQUEST_CONDITIONS: readonly Condition[] = ['methods', 'headers', 'principal'];

/** Of a policy for a TCPRoute, TLSRoute or UDPRoute itself. */
function layer4Faults({ targetRefs = [], rules }: AccessPolicy['spec']): readonly Fault[] {
  const target = targetRefs.find(({ kind }) => LAYER4_TARGETS.some((one) => one === kind));
  if (target === undefined) return [];
  return rules.flatMap((rule: AccessPolicyRule, index) =>
    REQUEST_CONDITIONS.filter((field) => rule[field] !== undefined).map((field) =>
      accessOnLayer4(`spec.rules[${String(index)}].${field}`, field, target),
    ),
  );
}
