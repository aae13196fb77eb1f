import type { CertificateId } from './ids.ts';
import type { Redacted } from './redacted.ts';

/** A served certificate. `names` are its DNS names in lower case, wildcards as written. */
export interface Certificate {
  readonly id: CertificateId;
  readonly certificatePem: string;
  readonly keyPem: Redacted;
  /** DER response in base64, stapled as it is; null = none. */
  readonly ocspResponse: string | null;
}

export interface ClientValidation {
  readonly caPem: string;
  /** `required`: AllowValidOnly; `optional`: AllowInsecureFallback. */
  readonly mode: 'required' | 'optional';
}

/** Server side of TLS on a listener that terminates. */
export interface ListenerTls {
  readonly certificates: readonly CertificateId[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL names; empty = the proxy's defaults. */
  readonly cipherSuites: readonly string[];
  readonly alpn: readonly string[];
  readonly clientValidation: ClientValidation | null;
}

/** Client side of TLS toward a backend (BackendTLSPolicy). */
export interface UpstreamTls {
  /** SNI and, without `subjectAltNames`, the name that the certificate must have. */
  readonly hostname: string;
  /** null = the system's well-known CAs. */
  readonly caPem: string | null;
  readonly subjectAltNames: readonly {
    readonly kind: 'hostname' | 'uri';
    readonly value: string;
  }[];
  readonly clientCertificate: CertificateId | null;
}
