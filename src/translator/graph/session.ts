/** Reads the session persistence settings of a rule or policy (GEP-1619). */
import type { HTTPRouteRuleSessionPersistence } from '../../gatewayapi/generated/types.ts';
import type { SessionPersistence } from '../../ir/policy.ts';
import type { Measured } from '../measures.ts';

export interface SessionNode extends Pick<
  SessionPersistence,
  'kind' | 'absoluteTimeoutMs' | 'cookieLifetime'
> {
  /** `` where none is given. */
  readonly name: string;
}

/** `spec` has been validated. */
export function readSession(spec: Measured<HTTPRouteRuleSessionPersistence, 'absoluteTimeout'>): SessionNode {
  return {
    kind: spec.type === 'Header' ? 'header' : 'cookie',
    name: spec.sessionName ?? '',
    absoluteTimeoutMs: spec.absoluteTimeout ?? 0,
    cookieLifetime: spec.cookieConfig?.lifetimeType === 'Permanent' ? 'permanent' : 'session',
  };
}
