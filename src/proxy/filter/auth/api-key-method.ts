/** API keys: a Secret has one for each client. */
import type { ApiKeyMethod } from '../../../ir/auth.ts';
import type { PolicySecret } from '../../../ir/secret.ts';
import { NO_CLAIMS } from '../../exchange/claims.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { AuthFailure, AuthOutcome, CompiledMethod, Identity } from './auth-method.ts';
import { CredentialReader, type CompiledSource, type FoundCredential } from './credential-reader.ts';
import type { IdentityMaker } from './identity.ts';
import type { MethodContext, MethodDefinition } from './methods.ts';
import { secretDigest } from './secret-digest.ts';

export const API_KEY: MethodDefinition<ApiKeyMethod> = {
  compile(method, context) {
    const secret = context.deps.secretOf(method.keys);
    if (secret === null) throw new Error(`there is no secret ${method.keys}`);
    return new CompiledApiKey(method, clientsOf(secret), context);
  },
  describe: ({ keys }) => `API keys of Secret ${keys}`,
};

/** Clients by the digest of their key, shared by all rules that use the Secret. */
type Clients = ReadonlyMap<string, string>;

const known = new WeakMap<PolicySecret, Clients>();

function clientsOf(secret: PolicySecret): Clients {
  const clients = known.get(secret) ?? readClients(secret);
  known.set(secret, clients);
  return clients;
}

function readClients({ text }: PolicySecret): Clients {
  const keys = JSON.parse(text.reveal()) as Readonly<Record<string, string>>;
  return new Map(Object.entries(keys).map(([client, key]) => [secretDigest(key), client]));
}

const INVALID: AuthFailure = { kind: 'failure', reason: 'auth_invalid' };

class CompiledApiKey implements CompiledMethod {
  readonly challenge = null;
  readonly #clients: Clients;
  readonly #reader: CredentialReader;
  readonly #identities: IdentityMaker;
  readonly #clientField: string | null;
  /** By client, for each source. Made when a client first sends its key. */
  readonly #known: readonly Map<string, Identity>[];

  constructor(method: ApiKeyMethod, clients: Clients, { identities }: MethodContext) {
    this.#clients = clients;
    this.#reader = new CredentialReader(method.from, method.forward);
    this.#identities = identities;
    this.#clientField = method.clientField;
    this.#known = method.from.map(() => new Map<string, Identity>());
  }

  find({ head }: Exchange): FoundCredential | null {
    return this.#reader.find(head);
  }

  check({ value, source }: FoundCredential): AuthOutcome {
    const client = this.#clients.get(secretDigest(value));
    if (client === undefined) return INVALID;
    return this.#known[source.index]?.get(client) ?? this.#identify(client, source);
  }

  #identify(client: string, source: CompiledSource): Identity {
    const fields = this.#clientField === null ? [] : [{ name: this.#clientField, value: client }];
    const principal = { method: 'api-key' as const, user: '', client, claims: NO_CLAIMS };
    const identity = this.#identities.make(principal, fields, source);
    this.#known[source.index]?.set(client, identity);
    return identity;
  }
}
