/** Certificates in use: their contents and users. Never keys. */
import { X509Certificate } from 'node:crypto';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { Certificate } from '../../ir/tls.ts';
import { memoizeByKey } from '../../lib/memoize-by-key.ts';
import type { CertificateItem } from '../api/resources.ts';
import { publishedCertificates } from './data-plane.ts';
import { backendId, gatewayOf } from './objects.ts';

type Reading = Pick<CertificateItem, 'names' | 'issuer' | 'notBefore' | 'notAfter' | 'fingerprint'>;

const UNREADABLE: Reading = { names: [], issuer: '', notBefore: '', notAfter: '', fingerprint: '' };

/** Of the leaf. A configuration keeps the certificates that did not change. */
const readingOf = memoizeByKey(({ certificatePem }: Certificate): Reading => {
  try {
    const { subject, subjectAltName, issuer, validFromDate, validToDate, fingerprint256 } =
      new X509Certificate(certificatePem);
    return {
      names: alternativeNames(subjectAltName) ?? [oneLine(subject)],
      issuer: oneLine(issuer),
      notBefore: validFromDate.toISOString(),
      notAfter: validToDate.toISOString(),
      fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
    };
  } catch {
    // The translator has parsed it already; a failure here must not hide the rest of the list.
    return UNREADABLE;
  }
});

/** `DNS:a.example, IP Address:192.0.2.1` as Node gives it. */
function alternativeNames(text: string | undefined): readonly string[] | null {
  if (text === undefined || text === '') return null;
  return text.split(', ').map((name) => name.slice(name.indexOf(':') + 1));
}

/** Node gives one attribute a line. */
const oneLine = (name: string): string => name.split('\n').join(', ');

interface Uses {
  readonly certificate: Certificate;
  readonly gateways: Set<string>;
  readonly listeners: Set<string>;
  readonly backends: Set<string>;
}

export function certificateItems(configs: readonly GatewayConfig[]): readonly CertificateItem[] {
  return [...usesOf(configs)].map(([id, { certificate, gateways, listeners, backends }]) => {
    const [namespace = '', name = ''] = id.split('/');
    return {
      id,
      namespace,
      name,
      ...readingOf(certificate),
      gateways: [...gateways].toSorted(),
      listeners: [...listeners].toSorted(),
      backends: [...backends].toSorted(),
    };
  });
}

function usesOf(configs: readonly GatewayConfig[]): ReadonlyMap<string, Uses> {
  const uses = new Map<string, Uses>();
  for (const config of configs) {
    for (const certificate of config.certificates) {
      const known = uses.get(certificate.id);
      const use = known ?? { certificate, gateways: new Set(), listeners: new Set(), backends: new Set() };
      use.gateways.add(gatewayOf(config.dataPlane));
      uses.set(certificate.id, use);
    }
    for (const { tls, origin } of config.clusters) {
      uses.get(tls?.clientCertificate ?? '')?.backends.add(backendId(origin));
    }
  }
  for (const [listener, certificates] of publishedCertificates(configs)) {
    for (const id of certificates) uses.get(id)?.listeners.add(listener);
  }
  return uses;
}
