/** AuthPolicies in words. */
import type { AuthCheck, AuthValue } from '../../../ir/auth.ts';
import type { ExplainedPolicy } from '../../router/explain-policies.ts';
import { describeMethod } from './methods.ts';

export const describeAuth = ({ settings: { checks } }: AuthValue): string =>
  `authentication: ${checks.length === 0 ? 'none (public)' : checks.map(describeCheck).join('; and ')}`;

/** As `explain` lists them. */
export const explainAuth = ({ settings: { checks } }: AuthValue): readonly ExplainedPolicy[] =>
  checks.map((check) => ({
    policy: check.policy,
    level: '',
    effect: describeCheck(check),
  }));

function describeCheck({ requirement, mode, methods }: AuthCheck): string {
  const notes = [
    ...(requirement === 'optional' ? ['optional'] : []),
    ...(mode === 'audit' ? ['audit only'] : []),
  ];
  const how = methods.map(describeMethod).join(' or ');
  return notes.length === 0 ? how : `${how} (${notes.join(', ')})`;
}
