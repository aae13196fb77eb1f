/**
 * The version of a configuration: a hash of the hashes of its parts. A change hashes the parts that changed, and then the hashes. Endpoints
 * come last, so that they can change without the rest being hashed.
 */
import type { Memo } from '../../lib/memo.ts';
import { sha256Hex } from '../../lib/sha256.ts';

/** Hexadecimal digits: as many bits as no two parts share by chance, and nobody finds two that do. */
const DIGITS = 32;

const jsonOf = (part: object): string => JSON.stringify(part);

/** Hashes of parts of configurations; each part, an object that does not change, is hashed once. */
export class Digests {
  readonly #sha256Hex: (text: string) => string;
  readonly #ofParts = new WeakMap<object, string>();

  /** `hash`: SHA-256 of text in UTF-8, as hex. */
  constructor(hash: (text: string) => string = sha256Hex) {
    this.#sha256Hex = hash;
  }

  ofText(text: string): string {
    return this.#sha256Hex(text).slice(0, DIGITS);
  }

  /** `textOf`: everything that the part says. */
  ofPart<Part extends object>(part: Part, textOf: (part: Part) => string = jsonOf): string {
    let digest = this.#ofParts.get(part);
    if (digest === undefined) {
      digest = this.ofText(textOf(part));
      this.#ofParts.set(part, digest);
    }
    return digest;
  }

  /** Digests are of the same length, so that the text is unambiguous. */
  join(digests: readonly string[]): string {
    return this.ofText(digests.join(''));
  }

  ofList<Part extends object>(memo: Memo, parts: readonly Part[], textOf?: (part: Part) => string): string {
    const digests = memo.items('digests', parts, (part) => [this.ofPart(part, textOf)]);
    return memo.value('digest', [digests], () => this.join(digests));
  }
}

/** 64 hexadecimal digits: of everything but the endpoints, then of the endpoints. */
export const joinVersion = (rest: readonly string[], endpoints: string, digests: Digests): string =>
  digests.join(rest) + endpoints;
