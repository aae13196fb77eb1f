/** What a limit distinguishes requests by, as the text of a key. */
import { hash } from 'node:crypto';
import type { LimitKeyPart } from '../../../ir/rate-limit.ts';
import { claimAt, claimName, claimText } from '../../exchange/claims.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import { PRINCIPAL } from '../../exchange/principal.ts';
import { cookieValue } from '../../exchange/session-persistence.ts';
import { MAX_KEY_LENGTH } from '../../limits/limit.ts';
import { AddressPrefix } from './address-prefix.ts';

export type LimitKey = (exchange: Exchange, run: FilterRun) => string;

/** No field value has one. */
const SEPARATOR = '\0';

export function compileKey(parts: readonly LimitKeyPart[]): LimitKey {
  const [first, ...others] = parts.map(compilePart);
  if (first === undefined) return () => '';
  const read: LimitKey =
    others.length === 0
      ? first
      : (exchange, run) =>
          others.reduce((key, part) => `${key}${SEPARATOR}${part(exchange, run)}`, first(exchange, run));
  return (exchange, run) => {
    const key = read(exchange, run);
    // A client that could choose a long key could fill the table.
    return key.length <= MAX_KEY_LENGTH ? key : hash('sha256', key, 'base64');
  };
}

function compilePart(part: LimitKeyPart): LimitKey {
  switch (part.kind) {
    case 'client-ip': {
      const prefix = new AddressPrefix(part);
      return ({ clientAddress }) => prefix.of(clientAddress);
    }
    case 'header':
      return ({ head }) => head.header(part.name) ?? '';
    case 'cookie':
      return ({ head }) => cookieValue(head, part.name) ?? '';
    case 'claim': {
      const claim = claimName(part.name);
      return (_exchange, run) => {
        const principal = run.kept(PRINCIPAL);
        return principal === null ? '' : claimKey(claimAt(principal.claims, claim));
      };
    }
    case 'api-client':
      return (_exchange, run) => run.kept(PRINCIPAL)?.client ?? '';
    case 'method':
      return ({ method }) => method;
    case 'rule':
      return ruleName;
  }
}

/** Lists and objects count as their JSON text. */
function claimKey(value: unknown): string {
  if (value === undefined || value === null) return '';
  return claimText(value) ?? JSON.stringify(value);
}

function ruleName({ rule }: Exchange): string {
  if (rule === null) return '';
  const { kind, namespace, name, index } = rule.config.origin;
  return `${kind}/${namespace}/${name}/${String(index)}`;
}
