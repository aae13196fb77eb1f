/** Why a TLS connection failed, as labels of a metric. */

export const TLS_FAILURES = {
  not_tls: 'The first bytes were not a TLS handshake.',
  malformed_hello: 'The ClientHello could not be read.',
  hello_too_large: 'The ClientHello was larger than 64 KiB.',
  no_server_name: 'The client sent no server name, and no listener of the port serves any name.',
  unknown_server_name: 'No listener of the port serves the server name.',
  no_certificate: 'The listener has no certificate that can be served.',
  protocol_version: 'Client and listener have no TLS version in common.',
  no_shared_cipher: 'Client and listener have no cipher suite in common that suits the certificate.',
  no_application_protocol: 'The client offers only application protocols (ALPN) that are not served.',
  client_certificate_missing: 'The client sent no certificate, and the listener requires one.',
  client_certificate_invalid: 'The certificate of the client could not be verified.',
  client_alert: 'The client ended the handshake with an alert; often it does not trust the certificate.',
  client_closed: 'The client closed the connection during the handshake.',
  timeout: 'The handshake was not complete in time.',
  other: 'Anything else; the log has the details.',
} as const;

export type TlsFailure = keyof typeof TLS_FAILURES;

const BY_CODE: ReadonlyMap<string, TlsFailure> = new Map([
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'protocol_version'],
  ['ERR_SSL_VERSION_TOO_LOW', 'protocol_version'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'protocol_version'],
  ['ERR_SSL_NO_SHARED_CIPHER', 'no_shared_cipher'],
  ['ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM', 'no_shared_cipher'],
  ['ERR_SSL_NO_SUITABLE_KEY_SHARE', 'no_shared_cipher'],
  ['ERR_SSL_NO_SHARED_GROUP', 'no_shared_cipher'],
  ['ERR_SSL_NO_APPLICATION_PROTOCOL', 'no_application_protocol'],
  ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', 'client_certificate_missing'],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', 'timeout'],
  ['ECONNRESET', 'client_closed'],
  ['EPIPE', 'client_closed'],
]);

/** Reads the error of a failed handshake. `authorizationError`: the result of verifying the client's certificate. */
export function classifyHandshakeError(code: string, authorizationError: string | null): TlsFailure {
  // Node.js destroys a connection whose client certificate does not verify, which then looks like any other closed one.
  if (authorizationError !== null) return 'client_certificate_invalid';
  const known = BY_CODE.get(code);
  if (known !== undefined) return known;
  // ERR_SSL_TLSV1_ALERT_UNKNOWN_CA, ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE and similar: alerts of the client.
  return /^ERR_SSL_(?:TLSV\d+|SSLV3)_ALERT_/.test(code) ? 'client_alert' : 'other';
}

/** Results of the TLS connections of one port. */
export class TlsCounters {
  /** Completed handshakes, resumed ones included. */
  handshakes = 0;
  resumed = 0;
  /** Connections passed through by their server name. */
  passedThrough = 0;
  readonly failures: Partial<Record<TlsFailure, number>> = {};

  get isUsed(): boolean {
    return this.handshakes > 0 || this.passedThrough > 0 || Object.keys(this.failures).length > 0;
  }

  countFailure(failure: TlsFailure): void {
    this.failures[failure] = (this.failures[failure] ?? 0) + 1;
  }
}
