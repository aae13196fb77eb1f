/** Findings about matches and redirects that only `sluice check` reports. No condition carries them, so their reasons are never shown. */
import { warningFault, type Fault } from './fault.ts';

const NO_CONDITION = '';

export function pathStar(path: string, value: string): Fault {
  const below = value.replace(/\/?\*+$/, '') || '/';
  return warningFault({
    code: 'path-star',
    reason: NO_CONDITION,
    path,
    message: `${JSON.stringify(value)} matches only paths that contain the character "*": it is not a wildcard.`,
    hint: below.includes('*')
      ? 'Use type RegularExpression for a pattern.'
      : `PathPrefix ${JSON.stringify(below)} matches ${below} and all paths below it.`,
  });
}

export function pathNeverMatches(path: string, value: string): Fault {
  return warningFault({
    code: 'path-never-matches',
    reason: NO_CONDITION,
    path,
    message: `No request matches ${JSON.stringify(value)}: the gateway rejects a path with such an escape (400 bad_request).`,
    hint: 'Remove escapes of control characters and backslashes, and overlong escapes.',
  });
}

export function redirectLoop(path: string, location: string, listener: string): Fault {
  return warningFault({
    code: 'redirect-loop',
    reason: NO_CONDITION,
    path,
    message: `On listener ${listener} the redirect leads to ${location}, which this rule redirects again.`,
    hint: 'Attach the route to the other listener only (sectionName), or match fewer requests.',
  });
}

export function routeWithoutRules(): Fault {
  return warningFault({
    code: 'route-without-rules',
    reason: NO_CONDITION,
    path: 'spec.rules',
    message: 'The route has no rules, so it matches no request.',
    hint: 'Add a rule with backendRefs; a rule without matches gets every call.',
  });
}

export function sliceWithoutService(label: string): Fault {
  return warningFault({
    code: 'endpoint-slice-service',
    reason: NO_CONDITION,
    path: 'metadata.labels',
    message: `The EndpointSlice has no label ${label}, so its endpoints belong to no Service.`,
    hint: `Set the label ${label} to the name of the Service.`,
  });
}
