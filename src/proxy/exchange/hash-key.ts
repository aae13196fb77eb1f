/** The part of a request that consistent hashing uses. */
import type { HashSource } from '../../ir/policy.ts';
import { NO_KEY } from '../upstream/balancer/balancer.ts';
import { hashText } from '../upstream/balancer/hash.ts';
import { queryValue } from '../router/query.ts';
import type { RequestHead } from '../message/head.ts';
import { cookieValue } from './session-persistence.ts';

/**
 * The key of a request for the choice of its endpoint. A repeated field counts as one joined value, of a repeated parameter the first
 * value counts, decoded. `NO_KEY` where the request has no such thing, or an empty one: it is then balanced by least request.
 */
export function hashKeyOf(source: HashSource, head: RequestHead, clientAddress: string): number {
  const text = keyText(source, head, clientAddress);
  return text === undefined || text === '' ? NO_KEY : hashText(text);
}

function keyText(source: HashSource, head: RequestHead, clientAddress: string): string | undefined {
  switch (source.kind) {
    case 'source-ip':
      return clientAddress;
    case 'header':
      return head.header(source.name.toLowerCase());
    case 'cookie':
      return cookieValue(head, source.name) ?? '';
    case 'query':
      return queryValue(head.query, source.name);
  }
}
