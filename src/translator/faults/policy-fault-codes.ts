/** Codes of findings about policies. */
import type { FaultMeaning } from './fault-meaning.ts';

export const POLICY_FAULT_CODES = {
  'access-layer4': {
    severities: ['error'],
    text: 'An access policy for a TCPRoute, TLSRoute or UDPRoute has a condition on methods, headers or the principal: what it governs is closed.',
    advice: 'use addresses alone, or another policy for these routes',
  },
  'cidr-list': {
    severities: ['error'],
    text: 'A line of a list of addresses is neither a CIDR nor an address: the policy closes its targets.',
    advice: 'fix the line that the message names',
  },
  'cidr-list-not-found': {
    severities: ['error'],
    text: 'The ConfigMap with a list of addresses, or its key, does not exist: the policy closes its targets.',
    advice: 'create it in the namespace of the policy',
  },
  'policy-block-conflict': {
    severities: ['warning'],
    text: 'A BackendPolicy for the same backend has the same block as the XBackendTrafficPolicy.',
    advice: 'keep the block in only one of them',
  },
  'policy-conflict': {
    severities: ['error'],
    text: 'An older policy applies to the target.',
    advice: 'remove one of them',
  },
  'policy-exemption-refused': {
    severities: ['error'],
    text: 'An exemption has no effect, because another policy with precedence Override governs the same traffic.',
    advice: 'set precedence: Default in that policy, or remove the exemption',
  },
  'policy-field-conflict': {
    severities: ['warning'],
    text: 'An older policy for the same target sets the field.',
    advice: 'remove it from one of them',
  },
  'policy-field-overridden': {
    severities: ['info'],
    text: 'Stronger policies override the field for all targets of this policy.',
    advice: 'nothing, if that is intended',
  },
  'policy-field-unserved': {
    severities: ['warning'],
    text: 'No target of the policy supports the field.',
    advice: 'remove it from the policy; the message gives the reason',
  },
  'policy-pool-on-route': {
    severities: ['error'],
    text: 'A policy for a route has connection pool settings.',
    advice: 'set them on a Service, Gateway or ListenerSet',
  },
  'policy-section-not-found': {
    severities: ['error'],
    text: 'The Service, Gateway or route has no port, listener or rule of that name.',
    advice: 'use a name that the message lists',
  },
  'policy-target-kind': {
    severities: ['error'],
    text: 'The policy cannot target objects of this kind.',
    advice: 'target a kind that the message names',
  },
  'policy-target-not-found': {
    severities: ['error'],
    text: 'The target of the policy does not exist.',
    advice: 'check name and namespace',
  },
  'policy-unused': {
    severities: ['warning'],
    text: 'No attached route uses the target.',
    advice: 'attach one, or remove the policy',
  },
  'policy-value': {
    severities: ['error'],
    text: 'A value of the policy is invalid.',
    advice: 'the message shows the expected value',
  },
} as const satisfies Readonly<Record<string, FaultMeaning>>;
