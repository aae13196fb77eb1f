/**
 * TLS cipher suites by the two names that users know: of the IANA registry (Go, Kubernetes, Java) and of OpenSSL. Those with
 * finite-field Diffie-Hellman, without authentication, with anonymous or pre-shared keys are not supported.
 */
const TLS13 = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** Key exchange and what it is in the IANA name; `` in OpenSSL's means RSA. */
const KEY_EXCHANGES: readonly (readonly [openSsl: string, iana: string])[] = [
  ['ECDHE-ECDSA-', 'ECDHE_ECDSA'],
  ['ECDHE-RSA-', 'ECDHE_RSA'],
  ['', 'RSA'],
];

const CIPHERS: readonly (readonly [openSsl: string, iana: string])[] = [
  ['AES128-GCM-SHA256', 'AES_128_GCM_SHA256'],
  ['AES256-GCM-SHA384', 'AES_256_GCM_SHA384'],
  ['CHACHA20-POLY1305', 'CHACHA20_POLY1305_SHA256'],
  ['AES128-SHA256', 'AES_128_CBC_SHA256'],
  ['AES256-SHA384', 'AES_256_CBC_SHA384'],
  ['AES256-SHA256', 'AES_256_CBC_SHA256'],
  ['AES128-SHA', 'AES_128_CBC_SHA'],
  ['AES256-SHA', 'AES_256_CBC_SHA'],
];

/** Combinations that were never registered. */
const UNREGISTERED = new Set([
  'CHACHA20-POLY1305',
  'AES256-SHA384',
  'ECDHE-ECDSA-AES256-SHA256',
  'ECDHE-RSA-AES256-SHA256',
]);

function buildNames(): ReadonlyMap<string, string> {
  const names = new Map(TLS13.map((name) => [name, name]));
  for (const [prefix, exchange] of KEY_EXCHANGES) {
    for (const [cipher, iana] of CIPHERS) {
      const openSsl = `${prefix}${cipher}`;
      if (UNREGISTERED.has(openSsl)) continue;
      names.set(openSsl, openSsl);
      names.set(`TLS_${exchange}_WITH_${iana}`, openSsl);
    }
  }
  return names;
}

const NAMES = buildNames();

/** OpenSSL's name of a supported suite, from either name in any case; null for all others. */
export function openSslCipherSuite(name: string): string | null {
  return NAMES.get(name.toUpperCase()) ?? null;
}

/** Every supported suite, by OpenSSL's name. */
export const CIPHER_SUITES: readonly string[] = [...new Set(NAMES.values())];
