/** Every method of authentication: one file and one row each. */
import type { AuthMethod } from '../../../ir/auth.ts';
import type { FilterDeps } from '../definition.ts';
import { API_KEY } from './api-key-method.ts';
import type { CompiledMethod } from './auth-method.ts';
import { BASIC } from './basic-method.ts';
import { CLIENT_CERTIFICATE } from './client-certificate-method.ts';
import type { IdentityMaker } from './identity.ts';
import { JWT } from './jwt-method.ts';

export interface MethodContext {
  readonly deps: FilterDeps;
  readonly identities: IdentityMaker;
  /** Distinguishes caches of identities: the same for values that make the same of a credential. */
  readonly cacheKey: string;
}

export interface MethodDefinition<Method extends AuthMethod> {
  /** May throw: the rule then answers 500 and is reported. */
  compile(method: Method, context: MethodContext): CompiledMethod;
  /** In a few words, for people. */
  describe(method: Method): string;
}

type MethodTable = {
  readonly [Kind in AuthMethod['kind']]: MethodDefinition<Extract<AuthMethod, { readonly kind: Kind }>>;
};

const METHODS: MethodTable = {
  jwt: JWT,
  basic: BASIC,
  'api-key': API_KEY,
  'client-certificate': CLIENT_CERTIFICATE,
};

function definitionOf(kind: AuthMethod['kind']): MethodDefinition<AuthMethod> {
  const methods: Readonly<Record<string, unknown>> = METHODS;
  const definition = methods[kind] as MethodDefinition<AuthMethod> | undefined;
  // A newer controller may know methods that this version does not: the rule must not be served without them.
  if (definition === undefined) throw new Error(`there is no method of authentication of kind ${kind}`);
  return definition;
}

export const compileMethod = (method: AuthMethod, context: MethodContext): CompiledMethod =>
  definitionOf(method.kind).compile(method, context);

export const describeMethod = (method: AuthMethod): string => definitionOf(method.kind).describe(method);
