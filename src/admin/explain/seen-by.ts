/** A request as a Gateway sees it: without the fields that it hides, exactly as its proxy hides them. */
import type { ProxySettings } from '../../ir/gateway-config.ts';
import { fieldPolicy, refusesFields } from '../../proxy/message/field-policy.ts';
import { Suspect, headerIdOf, suspectOf } from '../../proxy/message/header-id.ts';
import type { ExplainRequest } from '../../proxy/router/explain.ts';

/** If the Gateway trusts any proxy, the request is assumed to come from one; otherwise forwarding fields could not be tested. */
export function seenBy(request: ExplainRequest, settings: ProxySettings): ExplainRequest {
  const policy = fieldPolicy(settings, settings.trustedCidrs.length > 0);
  const isHidden = (name: string): boolean => {
    const suspect = suspectOf(headerIdOf(name), name);
    return policy.concerns(suspect) && policy.hides(suspect, name);
  };
  const suspects = (request.fieldNames ?? []).reduce<number>(
    (sum, name) => sum | suspectOf(headerIdOf(name), name),
    Suspect.none,
  );
  return {
    ...request,
    header: (name) => (isHidden(name) ? undefined : request.header(name)),
    isRefused: refusesFields(settings, suspects),
  };
}
