/** Fetches a key set from an identity provider, by its address or by OpenID Connect Discovery. */
import type { KeySetSource } from '../ir/key-set.ts';
import { parseJwkSet } from '../lib/jwk-set.ts';
import { failure, success, type Result } from '../lib/result.ts';

export type RemoteKeySetSource = Exclude<KeySetSource, { readonly kind: 'inline' }>;

const TIMEOUT_MS = 5_000;
/** A key set has some kilobytes, a discovery document as well. */
const MAX_BYTES = 262_144;

const DISCOVERY_PATH = '/.well-known/openid-configuration';

/** The text of a key set with at least one usable key; or a sentence for people. Never rejects. */
export async function fetchKeySet(source: RemoteKeySetSource): Promise<Result<string, string>> {
  const address = source.kind === 'uri' ? success(source.uri) : await discover(source.issuer);
  if (!address.ok) return address;
  const allowsHttp = source.kind === 'uri' && source.allowsHttp;
  const text = await fetchText(address.value, allowsHttp);
  if (!text.ok) return text;
  const keys = parseJwkSet(text.value);
  return keys.ok ? text : failure(`${address.value} serves no key set: ${keys.failure}`);
}

/** OpenID Connect Discovery 1.0 section 4: the document must be for exactly this issuer. */
async function discover(issuer: string): Promise<Result<string, string>> {
  const address = `${issuer.replace(/\/$/, '')}${DISCOVERY_PATH}`;
  const text = await fetchText(address, false);
  if (!text.ok) return text;
  const document = parseObject(text.value);
  const { issuer: found, jwks_uri: uri } = document ?? {};
  if (found !== issuer) {
    return failure(`${address} is for the issuer ${JSON.stringify(found ?? null)}, not for ${issuer}`);
  }
  return typeof uri === 'string' ? success(uri) : failure(`${address} has no jwks_uri`);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Why keys must not be fetched from there; null: they may. Keys that arrive in the clear can be replaced on the way. */
export function refusedAddress(address: string, allowsHttp: boolean): string | null {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null) return `${JSON.stringify(address)} is not a URL`;
  if (url.protocol === 'https:') return null;
  if (url.protocol !== 'http:') return `${address} is not an https:// address`;
  return allowsHttp || LOOPBACK.test(url.hostname) ? null : `${address} is not encrypted`;
}

async function fetchText(address: string, allowsHttp: boolean): Promise<Result<string, string>> {
  const refused = refusedAddress(address, allowsHttp);
  if (refused !== null) return failure(refused);
  try {
    const response = await fetch(address, {
      // A redirect could lead to where the configured address must not.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: { accept: 'application/json' },
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      return failure(`${address} answered ${String(response.status)}`);
    }
    return await readText(response, address);
  } catch (error) {
    return failure(`${address} cannot be fetched: ${reasonOf(error)}`);
  }
}

async function readText(response: Response, address: string): Promise<Result<string, string>> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body = response.body as AsyncIterable<Uint8Array> | null;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) return failure(`${address} answered with more than ${String(MAX_BYTES)} bytes`);
    chunks.push(chunk);
  }
  return success(Buffer.concat(chunks).toString('utf8'));
}

/** What `fetch` wraps says more: the address that refused, the certificate that is not trusted. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
