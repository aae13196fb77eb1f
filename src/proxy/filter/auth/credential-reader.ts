/** Reads credentials from where a policy says that requests carry them. */
import type { CredentialForwarding, CredentialSource } from '../../../ir/auth.ts';
import type { HeaderEdit } from '../../../ir/filter.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import { cookieValue } from '../../exchange/session-persistence.ts';
import type { RequestHead } from '../../message/head.ts';
import { withoutCookies } from './strip-cookie.ts';
import { queryValues, withoutParameter } from './query-credential.ts';

export interface FoundCredential {
  readonly value: string;
  readonly source: CompiledSource;
}

/** One place of credentials. */
export interface CompiledSource {
  readonly index: number;
  /** null: the request carries none here. Of several in one place, a value that no credential can have. */
  read(head: RequestHead): string | null;
  /** Removes the credential from what backends receive; null: it stays. */
  readonly stripEdit: HeaderEdit | null;
  readonly strip: ((exchange: Exchange, run: FilterRun) => void) | null;
}

/** Of two credentials in one place neither is checked: a backend could read the other one. */
const AMBIGUOUS = ', ';

export class CredentialReader {
  readonly sources: readonly CompiledSource[];

  constructor(from: readonly CredentialSource[], forward: CredentialForwarding) {
    this.sources = from.map((source, index) => compileSource(source, index, forward));
  }

  find(head: RequestHead): FoundCredential | null {
    for (const source of this.sources) {
      const value = source.read(head);
      if (value !== null) return { value, source };
    }
    return null;
  }
}

function compileSource(
  source: CredentialSource,
  index: number,
  forward: CredentialForwarding,
): CompiledSource {
  const isStripped = forward === 'strip';
  switch (source.kind) {
    case 'header': {
      const { name, scheme } = source;
      const read =
        scheme === ''
          ? (head: RequestHead) => head.header(name) ?? null
          : (head: RequestHead) => withoutScheme(head.header(name), scheme);
      const stripEdit = isStripped ? { set: [], add: [], remove: [name] } : null;
      return { index, read, stripEdit, strip: null };
    }
    case 'cookie': {
      const { name } = source;
      const strip = isStripped ? withoutCookies(name) : null;
      return { index, read: (head) => onlyCookie(head, name), stripEdit: null, strip };
    }
    case 'query': {
      const { name } = source;
      const strip = isStripped ? withoutParameter(name) : null;
      return { index, read: ({ query }) => onlyParameter(query, name), stripEdit: null, strip };
    }
  }
}

/** RFC 9110 section 11.4: the scheme, in any case, then spaces and the credential. */
function withoutScheme(value: string | undefined, scheme: string): string | null {
  if (value === undefined || value.length <= scheme.length || value[scheme.length] !== ' ') return null;
  if (!value.startsWith(scheme) && value.slice(0, scheme.length).toLowerCase() !== scheme.toLowerCase()) {
    return null;
  }
  const from = scheme.length + 1;
  return value[from] === ' ' ? value.slice(from).trim() : value.slice(from);
}

function onlyCookie(head: RequestHead, name: string): string | null {
  const value = cookieValue(head, name);
  return value !== null && cookieValue(head, name, 1) !== null ? AMBIGUOUS : value;
}

function onlyParameter(query: string, name: string): string | null {
  if (query === '') return null;
  const values = queryValues(query, name);
  return values.length > 1 ? AMBIGUOUS : (values[0] ?? null);
}
