/** Which trailer fields cross the gateway (RFC 9110 section 6.5.1): none that frames, routes, authenticates or caches. */
import type { FieldList } from './head.ts';
import { HeaderId } from './header-id.ts';

/** Fields without an id that are for the head only. */
const HEAD_ONLY: ReadonlySet<string> = new Set([
  'age',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-location',
  'content-range',
  'expires',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'max-forwards',
  'pragma',
  'proxy-authenticate',
  'range',
  'vary',
  'warning',
  'www-authenticate',
]);

/** Every field the gateway acts on has an id, and what it acts on must be in a head; gRPC's results are the exception. */
export function isForwardableTrailer(trailers: FieldList, index: number): boolean {
  const id = trailers.id(index);
  if (id === HeaderId.grpcStatus || id === HeaderId.grpcMessage) return true;
  return id === HeaderId.other && !HEAD_ONLY.has(trailers.name(index));
}
