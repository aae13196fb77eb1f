/** `jwt` of an AuthPolicy. */
import type { AuthPolicyAnyOfJwt, AuthPolicyAnyOfJwtJwks } from '../../../gatewayapi/generated/types.ts';
import { CORE_GROUP } from '../../../gatewayapi/ref.ts';
import { keySetId } from '../../../ir/ids.ts';
import type { KeySetDefinition, KeySetSource } from '../../../ir/key-set.ts';
import { parseDurationMs } from '../../../lib/duration.ts';
import { parseJwkSet } from '../../../lib/jwk-set.ts';
import { failure, success, type Result } from '../../../lib/result.ts';
import { sha256Hex } from '../../../lib/sha256.ts';
import type { Fault } from '../../faults/fault.ts';
import type { ReferenceContext } from '../../graph/certificate.ts';
import { configMapText } from '../../graph/config-map-text.ts';
import { policyValue } from '../faults.ts';
import { keySetInvalid, keySetNotFound, keySetSecret } from './auth-faults.ts';
import { identityFaults } from './identity-fields.ts';
import { NOTHING_READ, type MethodReading } from './method-reading.ts';
import { readSources, sourceFaults } from './sources.ts';

const DEFAULT_ALGORITHMS: readonly string[] = ['RS256', 'ES256', 'EdDSA', 'PS256'];
const DEFAULT_SKEW = '30s';
const DEFAULT_FROM = [{ header: 'Authorization', scheme: 'Bearer' }];

export function readJwt(spec: AuthPolicyAnyOfJwt, path: string, context: ReferenceContext): MethodReading {
  const { issuer, audiences = [], algorithms = DEFAULT_ALGORITHMS, clockSkew = DEFAULT_SKEW } = spec;
  const { from = DEFAULT_FROM, requiredClaims = [], claimHeaders = [], forward = 'Keep' } = spec;
  const keys = readKeySet(spec, path, context);
  const clockSkewMs = parseDurationMs(clockSkew);
  const sources = readSources(from);
  const fields = claimHeaders.map(({ header }) => header.toLowerCase());
  const faults = [
    ...(keys.ok ? [] : keys.failure.faults),
    ...(clockSkewMs === null
      ? [policyValue(`${path}.clockSkew`, `${clockSkew} is no duration, such as 30s.`)]
      : []),
    ...sourceFaults(from, `${path}.from`),
    ...claimHeaders.flatMap(({ header }, index) =>
      identityFaults(header, `${path}.claimHeaders[${String(index)}].header`, sources),
    ),
  ];
  if (!keys.ok || clockSkewMs === null) {
    return { ...NOTHING_READ, faults, referenceFaults: keys.ok ? [] : keys.failure.referenceFaults };
  }
  const { definition } = keys.value;
  return {
    ...NOTHING_READ,
    method: {
      kind: 'jwt',
      issuer,
      audiences,
      keySet: definition.id,
      from: sources,
      algorithms,
      clockSkewMs,
      requiredClaims: requiredClaims.map(({ name, values = [] }) => ({ name, values })),
      claimFields: claimHeaders.map(({ claim, header }) => ({ claim, field: header })),
      forward: forward === 'Strip' ? 'strip' : 'keep',
    },
    identityFields: fields,
    faults,
    warnings: keys.value.warnings,
    keySets: [definition],
  };
}

interface ReadKeys {
  readonly definition: KeySetDefinition;
  readonly warnings: readonly Fault[];
}

interface KeyFaults {
  readonly faults: readonly Fault[];
  readonly referenceFaults: readonly Fault[];
}

const refused = (...faults: readonly Fault[]): Result<never, KeyFaults> =>
  failure({ faults, referenceFaults: [] });

function readKeySet(
  { issuer, jwks }: AuthPolicyAnyOfJwt,
  path: string,
  context: ReferenceContext,
): Result<ReadKeys, KeyFaults> {
  if (jwks === undefined) return readDiscovery(issuer, path);
  const at = `${path}.jwks`;
  const { uri, inline, configMapRef, insecure = false } = jwks;
  if ([uri, inline, configMapRef].filter((one) => one !== undefined).length !== 1) {
    return refused(policyValue(at, 'exactly one of uri, inline and configMapRef must be set.'));
  }
  if (uri !== undefined) return readUri(uri, insecure, `${at}.uri`);
  if (inline !== undefined) {
    const keys = readText(inline, context);
    return keys.ok
      ? success(keys.value(`${at}.inline`))
      : refused(keySetInvalid(`${at}.inline`, keys.failure));
  }
  return readConfigMap(jwks, at, context);
}

/** OpenID Connect Discovery 1.0 section 3: an issuer is an https URL without query and fragment. */
const ISSUER = /^https?:\/\/[^\s?#]+$/;
const LOOPBACK = /^http:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?(?:\/|$)/;

function readDiscovery(issuer: string, path: string): Result<ReadKeys, KeyFaults> {
  const isSafe = issuer.startsWith('https://') || LOOPBACK.test(issuer);
  if (!ISSUER.test(issuer) || !isSafe) {
    const why = `without jwks, keys are found by discovery at the issuer, which then must be an https:// address. Set ${path}.jwks.`;
    return refused(policyValue(`${path}.issuer`, why));
  }
  return success(defined(`discovery ${issuer}`, { kind: 'discovery', issuer }));
}

function readUri(uri: string, insecure: boolean, path: string): Result<ReadKeys, KeyFaults> {
  if (!/^https?:\/\/[^\s]+$/.test(uri))
    return refused(policyValue(path, 'it must begin with https:// or http://.'));
  const isSafe = uri.startsWith('https://') || LOOPBACK.test(uri);
  if (!isSafe && !insecure) {
    return refused(
      policyValue(
        path,
        'keys that arrive in the clear can be replaced on the way. Use https://, or set insecure: true.',
      ),
    );
  }
  const id = `uri ${uri}${insecure ? ' insecure' : ''}`;
  return success(defined(id, { kind: 'uri', uri, allowsHttp: insecure }));
}

function readConfigMap(
  { configMapRef: ref = { name: '', key: '' } }: AuthPolicyAnyOfJwtJwks,
  path: string,
  context: ReferenceContext,
): Result<ReadKeys, KeyFaults> {
  const at = `${path}.configMapRef`;
  const target = { group: CORE_GROUP, kind: 'ConfigMap', namespace: context.from.namespace, name: ref.name };
  const configMap = context.lookup.configMap(target.namespace, ref.name);
  const text = configMap === undefined ? null : configMapText(configMap, ref.key);
  if (text === null) return failure({ faults: [], referenceFaults: [keySetNotFound(at, target, ref.key)] });
  const keys = readText(text, context);
  return keys.ok
    ? success(keys.value(at))
    : failure({ faults: [], referenceFaults: [keySetInvalid(at, keys.failure)] });
}

/** What the text defines, given the path of the field that it is from. */
function readText(jwks: string, { options }: ReferenceContext): Result<(path: string) => ReadKeys, string> {
  const parsed = parseJwkSet(jwks);
  if (!parsed.ok) return parsed;
  const { keys, hasSecretKeys } = parsed.value;
  // Only what is public goes on to proxies.
  const text = JSON.stringify({ keys });
  const digest = (options.sha256Hex ?? sha256Hex)(text);
  const { definition } = defined(`inline ${digest}`, { kind: 'inline', jwks: text });
  return success((path) => ({ definition, warnings: hasSecretKeys ? [keySetSecret(path)] : [] }));
}

const defined = (id: string, source: KeySetSource): ReadKeys => ({
  definition: { id: keySetId(id), source },
  warnings: [],
});
