/** Findings about text in filters that only `sluice check` reports. No condition carries them, so their reasons are never shown. */
import { warningFault, type Fault } from './fault.ts';

const NO_CONDITION = '';

export function headerValueChanged(path: string): Fault {
  return warningFault({
    code: 'header-value',
    reason: NO_CONDITION,
    path,
    message:
      'The value has characters that a header cannot contain, such as a line end; the gateway sends a space for each.',
    hint: 'Write the value on one line.',
  });
}

export function hostNotSet(path: string, value: string): Fault {
  return warningFault({
    code: 'host-not-set',
    reason: NO_CONDITION,
    path,
    message: `${JSON.stringify(value)} is not a valid host; the filter does not change Host.`,
    hint: 'Write a name, with a port or without: shop.example or shop.example:8080.',
  });
}

export function pathEncoded(path: string, value: string): Fault {
  return warningFault({
    code: 'path-encoded',
    reason: NO_CONDITION,
    path,
    message: `${JSON.stringify(value)} has characters that a path cannot contain; the gateway percent-encodes them.`,
    hint: 'Write a path without spaces, "?" and "#". A query cannot be replaced; the request keeps its own.',
  });
}

export function corsAnyOriginWithCredentials(path: string): Fault {
  return warningFault({
    code: 'cors-any-origin',
    reason: NO_CONDITION,
    path,
    message:
      'With "*" and allowCredentials, pages of every origin may read responses with the cookies of the user.',
    hint: 'List the allowed origins, or remove allowCredentials.',
  });
}
