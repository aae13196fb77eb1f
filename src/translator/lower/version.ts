/**
 * The version of a configuration: a hash of the hashes of its parts. A change hashes the parts that changed, and then the hashes.
 */
import type { Memo } from '../../lib/memo.ts';
import { sha256Hex } from '../../lib/sha256.ts';

/** Hexadecimal digits: enough bits to prevent collisions, also deliberate ones. */
const DIGITS = 32;

const jsonOf = (part: object): string => JSON.stringify(part);

/** Hashes parts of configurations. A part is immutable, so it is hashed once. */
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

  /** `textOf`: the whole content of the part as text. */
  ofPart<Part extends object>(part: Part, textOf: (part: Part) => string = jsonOf): string {
    let digest = this.#ofParts.get(part);
    if (digest === undefined) {
      digest = this.ofText(textOf(part));
      this.#ofParts.set(part, digest);
    }
    return digest;
  }

  /** All digests have the same length, so their concatenation is unambiguous. */
  join(digests: readonly string[]): string {
    return this.ofText(digests.join(''));
  }

  ofList<Part extends object>(memo: Memo, parts: readonly Part[], textOf?: (part: Part) => string): string {
    const digests = memo.items('digests', parts, (part) => [this.ofPart(part, textOf)]);
    return memo.value('digest', [digests], () => this.join(digests));
  }
}
