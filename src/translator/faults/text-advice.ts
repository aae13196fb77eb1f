/** Findings about text in filters that only `sluice check` reports. No condition carries them, so their reasons are never shown. */
import { warningFault, type Fault } from './fault.ts';

const NO_CONDITION = '';

export function headerValueChanged(path: string): Fault {
  return warningFault({
    code: 'header-value',
    reason: NO_CONDITION,
    path,
    message:
      'The value has characters that no header can carry, such as a line end; a space is sent for each.',
    hint: 'Write the value on one line.',
  });
}

export function hostNotSet(path: string, value: string): Fault {
  return warningFault({
    code: 'host-not-set',
    reason: NO_CONDITION,
    path,
    message: `${JSON.stringify(value)} is no host; the filter leaves Host as it is.`,
    hint: 'Write a name, with a port or without: shop.example or shop.example:8080.',
  });
}

export function pathEncoded(path: string, value: string): Fault {
  return warningFault({
    code: 'path-encoded',
    reason: NO_CONDITION,
    path,
    message: `${JSON.stringify(value)} has characters that no path can carry; they are sent percent-encoded.`,
    hint: 'Write a path without spaces, "?" and "#". A query cannot be replaced; the request keeps its own.',
  });
}

export function corsAnyOriginWithCredentials(path: string): Fault {
  return warningFault({
    code: 'cors-any-origin',
    reason: NO_CONDITION,
    path,
    message:
      'With "*" and allowCredentials, pages of every origin may read answers with the cookies of the user.',
    hint: 'List the origins that may, or leave allowCredentials out.',
  });
}
