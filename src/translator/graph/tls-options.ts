/** `tls.options` of listeners: the keys Sluice defines. Documented in docs/reference/tls.md. */
import { SLUICE_GROUP } from '../../gatewayapi/ref.ts';
import type { ListenerTls } from '../../ir/tls.ts';
import { openSslCipherSuite } from '../../lib/cipher-suites.ts';
import type { Fault } from '../faults/fault.ts';
import { tlsOptionForeign, tlsOptionUnsupported } from '../faults/gateway-faults.ts';

type TlsVersion = ListenerTls['minVersion'];

export interface TlsOptions {
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** OpenSSL names; empty: the proxy's defaults. */
  readonly cipherSuites: readonly string[];
  /** null: what the protocol of the listener calls for. */
  readonly alpn: readonly string[] | null;
}

const DEFAULT_TLS_OPTIONS: TlsOptions = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  cipherSuites: [],
  alpn: null,
};

const PREFIX = `${SLUICE_GROUP}/`;
const VERSIONS: Readonly<Record<string, TlsVersion>> = { '1.2': 'TLSv1.2', '1.3': 'TLSv1.3' };
const PROTOCOLS = ['h2', 'http/1.1'];

export interface TlsOptionsReading {
  readonly options: TlsOptions;
  readonly faults: readonly Fault[];
  readonly warnings: readonly Fault[];
}

/**
 * Reads the options of a listener at `path`. Unknown keys under Sluice's prefix are faults (a misspelled minimum version
 * must not serve a weaker one); keys of other implementations are warnings.
 */
export function readTlsOptions(
  raw: Readonly<Record<string, string>> | undefined,
  path: string,
): TlsOptionsReading {
  let options = DEFAULT_TLS_OPTIONS;
  const faults: Fault[] = [];
  const warnings: Fault[] = [];
  for (const [key, value] of Object.entries(raw ?? {}).sort()) {
    if (!key.startsWith(PREFIX)) {
      warnings.push(tlsOptionForeign(path, key));
      continue;
    }
    const read = readOption(key.slice(PREFIX.length), value);
    if (typeof read === 'string') faults.push(tlsOptionUnsupported(path, key, read));
    else options = { ...options, ...read };
  }
  if (options.minVersion > options.maxVersion) {
    faults.push(tlsOptionUnsupported(path, `${PREFIX}tls-max-version`, 'it is below tls-min-version.'));
  }
  return { options, faults, warnings };
}

/** The parsed option, or what is wrong with it. */
function readOption(name: string, value: string): Partial<TlsOptions> | string {
  switch (name) {
    case 'tls-min-version':
    case 'tls-max-version': {
      const version = VERSIONS[value];
      if (version === undefined) return `${JSON.stringify(value)} is not a version; write "1.2" or "1.3".`;
      return name === 'tls-min-version' ? { minVersion: version } : { maxVersion: version };
    }
    case 'tls-cipher-suites': {
      const given = splitList(value);
      const bad = given.find((suite) => openSslCipherSuite(suite) === null);
      return bad === undefined
        ? { cipherSuites: given.flatMap((suite) => openSslCipherSuite(suite) ?? []) }
        : `${JSON.stringify(bad)} is not a supported cipher suite; docs/reference/tls.md lists them.`;
    }
    case 'alpn-protocols': {
      const alpn = splitList(value);
      const bad = alpn.find((protocol) => !PROTOCOLS.includes(protocol));
      return bad === undefined
        ? { alpn }
        : `${JSON.stringify(bad)} is not supported; write h2, http/1.1 or both.`;
    }
    default:
      return 'no such option; the options are tls-min-version, tls-max-version, tls-cipher-suites and alpn-protocols.';
  }
}

function splitList(value: string): readonly string[] {
  return value
    .split(/[\s,:]+/)
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
