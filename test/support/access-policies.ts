/** AccessPolicies as the data plane carries them, and authentication that believes every request. */
import type { AccessPolicyIr, AccessRule, AccessValue } from '../../src/ir/access.ts';
import type { Exchange } from '../../src/proxy/exchange/exchange.ts';
import type { FilterRun } from '../../src/proxy/exchange/filter-run.ts';
import type { FilterOutcome } from '../../src/proxy/exchange/http-filter.ts';
import { AUTH_CHALLENGE, PRINCIPAL, type Challenge } from '../../src/proxy/exchange/principal.ts';
import type { FilterDefinition } from '../../src/proxy/filter/definition.ts';

export interface TestAccessPolicy extends Partial<Omit<AccessPolicyIr, 'rules' | 'policy' | 'level'>> {
  readonly name?: string;
  readonly rules: readonly Partial<AccessRule>[];
}

export const accessPolicy = ({
  name = 'policy',
  action = 'allow',
  mode = 'enforce',
  response = null,
  rules,
}: TestAccessPolicy): AccessPolicyIr => ({
  policy: { kind: 'AccessPolicy', namespace: 'test', name },
  level: 'route',
  action,
  mode,
  response,
  rules: rules.map((rule, index) => ({
    name: `rule-${String(index)}`,
    clientCidrs: null,
    methods: null,
    headers: [],
    principal: null,
    ...rule,
  })),
});

export const accessValue = (...policies: readonly AccessPolicyIr[]): AccessValue => ({
  kind: 'access',
  settings: { policies },
  from: policies.map(({ policy }) => policy),
});

/** A filter that takes `x-user`, `x-client` and `x-groups` as verified. `challenge`: how it asks for credentials. */
export const trustingAuthentication = (challenge: Challenge | null = null): FilterDefinition => ({
  kind: 'trusting',
  stages: { request: 'authentication' },
  precedence: 'both',
  describe: () => 'trusts every request',
  compile: () => ({
    request: {
      kind: 'trusting',
      apply({ head }: Exchange, run: FilterRun): FilterOutcome {
        const [user = '', client = '', groups = ''] = ['x-user', 'x-client', 'x-groups'].map((name) =>
          head.header(name),
        );
        if (user === '' && client === '') {
          run.keep(AUTH_CHALLENGE, challenge);
          return 'continue';
        }
        const claims = groups === '' ? {} : { groups: groups.split(' ') };
        run.keep(PRINCIPAL, { method: client === '' ? 'jwt' : 'api-key', user, client, claims });
        return 'continue';
      },
    },
  }),
});
