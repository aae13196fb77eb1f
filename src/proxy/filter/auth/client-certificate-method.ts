/** Client certificates: the listener has validated the certificate; its names decide. */
import type { CertificateName, ClientCertificateMethod } from '../../../ir/auth.ts';
import type { AltName } from '../../../lib/subject-alt-name.ts';
import { NO_CLAIMS } from '../../exchange/claims.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { DownstreamConnection } from '../../message/downstream-connection.ts';
import type { AuthFailure, AuthOutcome, CompiledMethod } from './auth-method.ts';
import type { FoundCredential } from './credential-reader.ts';
import type { IdentityMaker } from './identity.ts';
import type { MethodContext, MethodDefinition } from './methods.ts';

export const CLIENT_CERTIFICATE: MethodDefinition<ClientCertificateMethod> = {
  compile: (method, context) => new CompiledClientCertificate(method, context),
  describe: ({ names }) =>
    names.length === 0
      ? 'any valid client certificate'
      : `client certificates of ${names.map(({ value }) => value).join(', ')}`,
};

const DENIED: AuthFailure = { kind: 'failure', reason: 'auth_denied' };

const CARRIED: FoundCredential = {
  value: '',
  source: { index: 0, read: () => null, stripEdit: null, strip: null },
};

class CompiledClientCertificate implements CompiledMethod {
  readonly challenge = null;
  readonly #tests: readonly NameTest[];
  readonly #identities: IdentityMaker;
  /** A certificate belongs to its connection. */
  readonly #outcomes = new WeakMap<DownstreamConnection, AuthOutcome>();

  constructor({ names }: ClientCertificateMethod, { identities }: MethodContext) {
    this.#tests = names.map(nameTest);
    this.#identities = identities;
  }

  find({ connection }: Exchange): FoundCredential | null {
    return connection.certificateNames === null ? null : CARRIED;
  }

  check(_: FoundCredential, { connection }: Exchange): AuthOutcome {
    const known = this.#outcomes.get(connection);
    if (known !== undefined) return known;
    const outcome = this.#decide(connection.certificateNames ?? []);
    this.#outcomes.set(connection, outcome);
    return outcome;
  }

  #decide(names: readonly AltName[]): AuthOutcome {
    const matching = names.find((name) => this.#tests.some((test) => test(name)));
    if (matching === undefined && this.#tests.length > 0) return DENIED;
    const user = (matching ?? names[0])?.value ?? '';
    const principal = { method: 'client-certificate' as const, user, client: '', claims: NO_CLAIMS };
    return this.#identities.make(principal, [], null);
  }
}

type NameTest = (name: AltName) => boolean;

/** As Node.js names the types of alternative names. */
const KINDS: Readonly<Record<CertificateName['type'], string>> = { URI: 'URI', DNS: 'DNS', Email: 'email' };

function nameTest({ type, value }: CertificateName): NameTest {
  const kind = KINDS[type];
  // Hosts in any case are the same (RFC 4343).
  const normal = (text: string): string => (type === 'DNS' ? text.toLowerCase() : text);
  const matches = wildcardTest(normal(value));
  return (name) => name.kind === kind && matches(normal(name.value));
}

/** `*` matches any characters, none included. In linear time: the parts between the wildcards are searched from left to right. */
function wildcardTest(pattern: string): (text: string) => boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return (text) => text === pattern;
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
      return false;
    let at = first.length;
    for (const part of rest) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= text.length - last.length;
  };
}
