/** AuthPolicy: how requests are authenticated. policy/combine.ts says which policies apply, proxy/filter/auth what they do. */
import type { AuthPolicy } from '../../../gatewayapi/generated/types.ts';
import { SLUICE_GROUP } from '../../../gatewayapi/ref.ts';
import type { AuthCheck, AuthSettings } from '../../../ir/auth.ts';
import { policyValue } from '../faults.ts';
import type { PolicyKind, PolicyReading } from '../policy-kind.ts';
import type { AddingSettings, AppliedItem, PolicyItem } from '../policy-settings.ts';
import type { ReferenceContext } from '../../graph/certificate.ts';
import { readMethod } from './methods.ts';

/** What one policy sets. */
export interface AuthPolicySettings {
  readonly precedence: 'Override' | 'Default';
  /** null: the policy exempts its targets. */
  readonly check: Omit<AuthCheck, 'policy'> | null;
  /** Names in lower case. */
  readonly identityFields: readonly string[];
}

/** The values of items. */
type AuthItem = Pick<AuthPolicySettings, 'check'> | Pick<AuthPolicySettings, 'identityFields'>;

const AUTH_SETTINGS: AddingSettings<AuthPolicySettings> = {
  merge: 'add-up',
  name: 'auth',
  carriers: ['rule', 'backend'],
  fields: {},
  itemsOf,
  lower: (items, carrier) => {
    // What governs the rule as a whole has acted before a backend is chosen.
    const own = carrier === 'backend' ? items.filter(({ level }) => level === 'backendRef') : items;
    return own.length === 0 ? null : lowerItems(own);
  },
};

export const AUTH_POLICY: PolicyKind<AuthPolicy, AuthPolicySettings> = {
  group: SLUICE_GROUP,
  kind: 'AuthPolicy',
  objects: ({ authPolicies }) => authPolicies,
  targets: ['Gateway', 'ListenerSet', 'HTTPRoute', 'GRPCRoute'],
  attachment: { kind: 'inherited' },
  whenInvalid: 'closes',
  hasReferences: true,
  isReferable: true,
  settings: AUTH_SETTINGS,
  read: readAuthPolicy,
};

function itemsOf({ precedence, check, identityFields }: AuthPolicySettings): readonly PolicyItem[] {
  // What is only tried out replaces nothing that is enforced.
  const name = check === null ? 'enforce' : check.mode;
  const own: PolicyItem =
    check === null
      ? { path: 'requirement', name, precedence, isExemption: true, value: {} }
      : { path: 'anyOf', name, precedence, value: { check } satisfies AuthItem };
  if (identityFields.length === 0) return [own];
  // Also where a closer policy replaces this one: backends trust the fields wherever requests come from.
  const fields: PolicyItem = {
    path: 'anyOf',
    name: 'identity fields',
    precedence: 'Override',
    value: { identityFields } satisfies AuthItem,
  };
  return [own, fields];
}

function lowerItems(items: readonly AppliedItem[]): AuthSettings {
  const values = items.map(({ value, policy }) => ({ ...(value as Partial<AuthPolicySettings>), policy }));
  const fields = values.flatMap(({ identityFields = [] }) => identityFields);
  return {
    checks: values.flatMap(({ check = null, policy }) => (check === null ? [] : [{ ...check, policy }])),
    identityFields: [...new Set(fields)].sort(),
  };
}

function readAuthPolicy({ spec }: AuthPolicy, context: ReferenceContext): PolicyReading<AuthPolicySettings> {
  const { precedence = 'Default', requirement = 'Required', mode = 'Enforce', anyOf = [] } = spec;
  const readings = anyOf.map((method, index) => readMethod(method, `spec.anyOf[${String(index)}]`, context));
  const faults = [...shapeFaults(spec), ...readings.flatMap((reading) => reading.faults)];
  const referenceFaults = readings.flatMap((reading) => reading.referenceFaults);
  const check: AuthPolicySettings['check'] =
    requirement === 'None'
      ? null
      : {
          mode: mode === 'Audit' ? 'audit' : 'enforce',
          requirement: requirement === 'Optional' ? 'optional' : 'required',
          methods: readings.flatMap(({ method }) => method ?? []),
        };
  const identityFields = [...new Set(readings.flatMap((reading) => reading.identityFields))].sort();
  return {
    settings: faults.length > 0 || referenceFaults.length > 0 ? null : { precedence, check, identityFields },
    faults,
    referenceFaults,
    warnings: readings.flatMap(({ warnings }) => warnings),
    refusesNothing: mode === 'Audit' && requirement !== 'None',
    resources: {
      secrets: readings.flatMap(({ secrets }) => secrets),
      keySets: readings.flatMap(({ keySets }) => keySets),
    },
  };
}

/** Rules of the schema, for objects that were stored before it had them: what cannot be read must not be open. */
function shapeFaults({
  requirement,
  precedence,
  mode,
  anyOf = [],
}: AuthPolicy['spec']): PolicyReading<object>['faults'] {
  const isExemption = requirement === 'None';
  if (!isExemption) {
    return anyOf.length > 0
      ? []
      : [policyValue('spec.anyOf', 'it has no method, and requirement is not None.')];
  }
  return [
    ...(anyOf.length > 0
      ? [policyValue('spec.anyOf', 'an exemption (requirement None) has no methods.')]
      : []),
    ...(precedence === 'Override'
      ? [policyValue('spec.precedence', 'an exemption (requirement None) cannot be an Override.')]
      : []),
    ...(mode === 'Audit'
      ? [policyValue('spec.mode', 'an exemption (requirement None) has no mode Audit.')]
      : []),
  ];
}
