/** Every kind of policy that the translator applies. Of the kinds with the same `settings`, the first is the strongest. */
import { ACCESS_POLICY } from './access-policy/access-policy.ts';
import { AUTH_POLICY } from './auth-policy/auth-policy.ts';
import { BACKEND_POLICY } from './backend-policy/backend-policy.ts';
import { BACKEND_TRAFFIC_POLICY } from './backend-policy/backend-traffic-policy.ts';
import { BACKEND_TLS_POLICY } from './backend-tls-policy.ts';
import { COMPRESSION_POLICY } from './compression-policy/compression-policy.ts';
import type { PolicyKind } from './policy-kind.ts';
import { RATE_LIMIT_POLICY } from './rate-limit-policy/rate-limit-policy.ts';
import { RESPONSE_POLICY } from './response-policy/response-policy.ts';

export const POLICY_KINDS: readonly PolicyKind[] = [
  BACKEND_POLICY,
  BACKEND_TRAFFIC_POLICY,
  BACKEND_TLS_POLICY,
  ACCESS_POLICY,
  RATE_LIMIT_POLICY,
  AUTH_POLICY,
  RESPONSE_POLICY,
  COMPRESSION_POLICY,
];
