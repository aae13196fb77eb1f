/** Every condition that Sluice writes. docs/reference/conditions.md shows these tables. */
import { GATEWAY_CONDITIONS } from './gateway-conditions.ts';
import { POLICY_CONDITIONS } from './policy-conditions.ts';
import { RESPONSE_CONDITIONS } from './response-conditions.ts';
import { ROUTE_CONDITIONS } from './route-conditions.ts';

export const CONDITIONS = {
  ...GATEWAY_CONDITIONS,
  ...ROUTE_CONDITIONS,
  ...POLICY_CONDITIONS,
  ...RESPONSE_CONDITIONS,
} as const;

type Entry = (typeof CONDITIONS)[keyof typeof CONDITIONS][number];

export type ConditionType = Entry['type'];
export type ConditionReason = Entry['reason'];
