/** Whether a backend's certificate matches the policy (BackendTLSPolicy: hostname and subjectAltNames). */
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { UpstreamTls } from '../../ir/tls.ts';
import { hostnameCovers } from '../../lib/hostname.ts';
import { parseSubjectAltName, type AltName } from '../../lib/subject-alt-name.ts';

/**
 * undefined if it does, otherwise the error, as `node:tls` expects. With `subjectAltNames` one of them must be among the
 * certificate's, and `hostname` does not count; its common name never does then.
 */
export function checkIdentity(settings: UpstreamTls, certificate: PeerCertificate): Error | undefined {
  if (settings.subjectAltNames.length === 0) return checkServerIdentity(settings.hostname, certificate);
  const names = parseSubjectAltName(certificate.subjectaltname ?? '');
  const isMatch = settings.subjectAltNames.some((wanted) =>
    names.some((name) =>
      wanted.kind === 'uri'
        ? name.kind === 'URI' && name.value === wanted.value
        : matchesHostname(wanted.value, name),
    ),
  );
  if (isMatch) return undefined;
  const expected = settings.subjectAltNames.map((name) => name.value).join(', ');
  return new Error(`the backend's certificate has none of the names ${expected}`);
}

/** A wildcard in the certificate matches one label (RFC 9525 section 6.3), one in the policy for any number (Gateway API). */
function matchesHostname(wanted: string, { kind, value }: AltName): boolean {
  if (kind !== 'DNS') return false;
  const name = value.toLowerCase();
  if (name === wanted) return true;
  if (wanted.startsWith('*.')) return !name.startsWith('*.') && hostnameCovers(wanted, name);
  const dot = wanted.indexOf('.');
  return dot > 0 && name === `*${wanted.slice(dot)}`;
}
