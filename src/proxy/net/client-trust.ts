/** Whether TLS clients that were admitted with one configuration may stay with the next. */
import type { Listener } from '../../ir/listener.ts';
import type { ClientValidation } from '../../ir/tls.ts';
import type { TlsPort } from './tls-port.ts';

/** How a client was admitted. */
export interface Admission {
  /** Of its ClientHello; null without one. */
  readonly serverName: string | null;
  readonly validation: ClientValidation | null;
}

export const validationOf = (listener: Listener): ClientValidation | null =>
  listener.kind === 'http' || listener.kind === 'tls' ? (listener.tls?.clientValidation ?? null) : null;

/** True if no client of the port can have lost its admission: a cheap check before checking each connection. */
export function hasSameTrust(before: readonly Listener[], now: readonly Listener[]): boolean {
  return (
    before.length === now.length &&
    before.every((listener, index) => {
      const other = now[index];
      return other !== undefined && (listener === other || isSameListener(listener, other));
    })
  );
}

function isSameListener(before: Listener, now: Listener): boolean {
  return (
    before.kind === now.kind &&
    hostnameOf(before) === hostnameOf(now) &&
    isSameValidation(validationOf(before), validationOf(now))
  );
}

const hostnameOf = (listener: Listener): string => ('hostname' in listener ? listener.hostname : '');

const isSameValidation = (a: ClientValidation | null, b: ClientValidation | null): boolean =>
  a?.mode === b?.mode && a?.caPem === b?.caPem;

/** False if the client's listener was removed, or now requires more of clients than this one has presented. */
export function isStillAdmitted<Rule>(
  { serverName, validation }: Admission,
  port: TlsPort<Rule> | null,
): boolean {
  const entry = port?.entries.find(serverName ?? '') ?? null;
  return entry !== null && !isNarrowed(validation, validationOf(entry.listener));
}

/** True if `now` refuses some client that `before` admits. */
export function isNarrowed(before: ClientValidation | null, now: ClientValidation | null): boolean {
  // Without validation, and with `optional`, every client is admitted.
  if (now?.mode !== 'required') return false;
  if (before?.mode !== 'required') return true;
  const authorities = new Set(certificatesOf(now.caPem));
  return certificatesOf(before.caPem).some((authority) => !authorities.has(authority));
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g;

/** The certificates of a bundle, however its lines are broken. */
const certificatesOf = (pem: string): string[] =>
  [...pem.matchAll(CERTIFICATE)].map(([, base64 = '']) => base64.replace(/\s+/g, ''));
