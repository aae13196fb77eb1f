/** Which trailer fields cross the gateway (RFC 9110 section 6.5.1): none that frames, routes, authenticates or caches. */
import { EntryFields } from './entry-fields.ts';
import { HeaderEntry } from './header-entry.ts';
import type { HeadEdits } from './head-edits.ts';
import type { FieldList } from './head.ts';
import { HeaderId, Suspect, suspectOf } from './header-id.ts';

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

/**
 * The trailers of a request that are forwarded: none that identify the client. Some servers merge trailers into the head, so
 * that one could replace a field that `edits` (filters and auth servers) set or removed there.
 */
export function requestTrailers(trailers: FieldList | null, edits: HeadEdits): FieldList | null {
  if (trailers === null) return null;
  const entries: HeaderEntry[] = [];
  for (let index = 0; index < trailers.count; index++) {
    const name = trailers.name(index);
    const isIdentity = suspectOf(trailers.id(index), name) !== Suspect.none || isEdited(name, edits);
    if (!isIdentity && isForwardableTrailer(trailers, index)) {
      entries.push(new HeaderEntry(name, trailers.value(index)));
    }
  }
  return entries.length === 0 ? null : new EntryFields(entries);
}

const isEdited = (name: string, { dropNames, append }: HeadEdits): boolean =>
  dropNames.some((dropped) => dropped.name === name) ||
  append.some((added) => added.name.toLowerCase() === name);
