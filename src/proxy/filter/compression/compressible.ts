/** Which responses may be compressed. */
import type { CompressionSettings } from '../../../ir/compression.ts';
import { isGrpcContent } from '../../message/grpc-status.ts';
import { joinedValue, type ResponseHead } from '../../message/head.ts';

const EVENT_STREAM = 'text/event-stream';

type TypeTest = (type: string) => boolean;

/** Of media types without parameters, in lower case. */
function typeTest(types: readonly string[]): TypeTest {
  const exact = new Set(types.filter((type) => !type.includes('*')));
  const ranges = types.flatMap((type) => {
    const star = type.indexOf('*');
    return star === -1 ? [] : [{ start: type.slice(0, star), end: type.slice(star + 1) }];
  });
  return (type) => {
    if (exact.has(type)) return true;
    // Events are to arrive when they happen: only a policy that names them has them compressed.
    if (type === EVENT_STREAM) return false;
    return ranges.some(
      ({ start, end }) =>
        type.length > start.length + end.length && type.startsWith(start) && type.endsWith(end),
    );
  };
}

export class Compressible {
  readonly #hasType: TypeTest;
  readonly #minBytes: number;

  constructor({ types, minBytes }: CompressionSettings) {
    this.#hasType = typeTest(types);
    this.#minBytes = minBytes;
  }

  /** `isHead`: the response is one to HEAD, whose head is that of the response to GET. */
  accepts(head: ResponseHead, isHead: boolean): boolean {
    const { status } = head;
    if (status < 200 || status === 204 || status === 205 || status === 206 || status === 304) return false;
    if (!head.hasBody && !isHead) return false;
    const type = typeOf(head);
    if (!this.#hasType(type) || isGrpcContent(type) || type.startsWith('application/grpc')) return false;
    const length = joinedValue(head, 'content-length');
    if (length !== undefined && Number(length) < this.#minBytes) return false;
    return mayTransform(head) && joinedValue(head, 'content-range') === undefined && !isEncoded(head);
  }

  /** A 304 replaces a response that would have been compressed, as far as is known: it need not have a type. */
  acceptsNotModified(head: ResponseHead): boolean {
    const type = typeOf(head);
    return head.status === 304 && mayTransform(head) && (type === '' || this.#hasType(type));
  }
}

const typeOf = (head: ResponseHead): string =>
  (joinedValue(head, 'content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

function isEncoded(head: ResponseHead): boolean {
  const coding = joinedValue(head, 'content-encoding')?.trim().toLowerCase() ?? '';
  return coding !== '' && coding !== 'identity';
}

const NO_TRANSFORM = /(?:^|[\s,])no-transform(?:$|[\s,;])/i;

const mayTransform = (head: ResponseHead): boolean =>
  !NO_TRANSFORM.test(joinedValue(head, 'cache-control') ?? '');
