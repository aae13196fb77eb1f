/** Hashes for consistent hashing. They are part of the data plane's behavior: every worker of every version must agree on them. */

const FNV_OFFSET = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;

/** Of the UTF-16 code units; an integer in `[0, 2^32)`. Only for distribution: the author of a key can compute its endpoint. */
export function hashText(text: string, seed = 0): number {
  let hash = FNV_OFFSET ^ seed;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  }
  return mix(hash);
}

/** Every bit of the result depends on every bit of `value` (the finalizer of MurmurHash3); `[0, 2^32)`. */
export function mix(value: number): number {
  let bits = value ^ (value >>> 16);
  bits = Math.imul(bits, 0x85eb_ca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
