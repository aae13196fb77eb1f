/** AuthPolicies as the data plane has them. For tests. */
import { createHash } from 'node:crypto';
import type {
  ApiKeyMethod,
  AuthCheck,
  AuthMethod,
  AuthValue,
  BasicMethod,
  ClientCertificateMethod,
  JwtMethod,
} from '../../src/ir/auth.ts';
import { keySetId, secretId } from '../../src/ir/ids.ts';
import type { KeySetDefinition, KeySetSource } from '../../src/ir/key-set.ts';
import { Redacted } from '../../src/ir/redacted.ts';
import type { PolicySecret } from '../../src/ir/secret.ts';

export const ISSUER = 'https://id.example/';

export const jwt = (more: Partial<JwtMethod> = {}): JwtMethod => ({
  kind: 'jwt',
  issuer: ISSUER,
  audiences: ['shop'],
  keySet: keySetId('keys'),
  from: [{ kind: 'header', name: 'authorization', scheme: 'Bearer' }],
  algorithms: ['RS256', 'ES256', 'EdDSA', 'PS256'],
  clockSkewMs: 30_000,
  requiredClaims: [],
  claimFields: [{ claim: 'sub', field: 'X-User' }],
  forward: 'keep',
  ...more,
});

export const basic = (more: Partial<BasicMethod> = {}): BasicMethod => ({
  kind: 'basic',
  users: secretId('test/users auth'),
  realm: 'shop',
  userField: 'X-User',
  forward: 'strip',
  ...more,
});

export const apiKey = (more: Partial<ApiKeyMethod> = {}): ApiKeyMethod => ({
  kind: 'api-key',
  keys: secretId('test/keys'),
  from: [{ kind: 'header', name: 'x-api-key', scheme: '' }],
  clientField: 'X-Client',
  forward: 'strip',
  ...more,
});

export const clientCertificate = (...names: ClientCertificateMethod['names']): ClientCertificateMethod => ({
  kind: 'client-certificate',
  names,
});

export const authCheck = (methods: readonly AuthMethod[], more: Partial<AuthCheck> = {}): AuthCheck => ({
  policy: { kind: 'AuthPolicy', namespace: 'test', name: 'auth' },
  mode: 'enforce',
  requirement: 'required',
  methods,
  ...more,
});

export const authPolicy = (...checks: readonly AuthCheck[]): AuthValue => ({
  kind: 'auth',
  settings: { checks, identityFields: ['x-user', 'x-client', 'x-groups'] },
  from: checks.map(({ policy }) => policy),
});

export const keySet = (source: KeySetSource, id = 'keys'): KeySetDefinition => ({ id: keySetId(id), source });

const shaHash = (password: string): string => `{SHA}${createHash('sha1').update(password).digest('base64')}`;

const octets = (text: string): Redacted => new Redacted(Buffer.from(text, 'utf8').toString('latin1'));

/** An htpasswd file, and API keys by client. */
export const secrets = (
  users: Readonly<Record<string, string>>,
  keys: Readonly<Record<string, string>> = {},
): readonly PolicySecret[] => [
  {
    id: secretId('test/users auth'),
    text: octets(
      Object.entries(users)
        .map(([user, password]) => `${user}:${shaHash(password)}\n`)
        .join(''),
    ),
  },
  { id: secretId('test/keys'), text: octets(JSON.stringify(keys)) },
];

export const basicField = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
