/** SHA-256-crypt (`$5$`) and SHA-512-crypt (`$6$`), as specified by Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512". */
import { createHash } from 'node:crypto';
import { cryptBase64, type ByteGroup } from './crypt-base64.ts';

export type ShaCryptVariant = 'sha256' | 'sha512';

const DEFAULT_ROUNDS = 5_000;
const MIN_ROUNDS = 1_000;

interface Variant {
  readonly magic: string;
  readonly order: readonly ByteGroup[];
}

/** Groups of three whose indices rotate through the thirds of the digest, and what is left of it. */
function rotatingOrder(count: number, third: number, step: number, rest: ByteGroup): readonly ByteGroup[] {
  const groups = Array.from({ length: count }, (_, index): ByteGroup => {
    const first = (index * step) % (third * 3);
    const turn = Math.floor(first / third);
    const at = first % third;
    const of = (shift: number): number => at + ((turn + shift) % 3) * third;
    return [of(0), of(1), of(2)];
  });
  return [...groups, rest];
}

const VARIANTS: Readonly<Record<ShaCryptVariant, Variant>> = {
  sha256: { magic: '$5$', order: rotatingOrder(10, 10, 21, [31, 30]) },
  sha512: { magic: '$6$', order: rotatingOrder(21, 21, 22, [63]) },
};

/** `settings`: what stands between the magic and the last `$` of a hash, `rounds=N$salt` or `salt`. Returns the whole hash. */
export function shaCrypt(variant: ShaCryptVariant, password: Buffer, settings: string): string {
  const { magic, order } = VARIANTS[variant];
  const explicit = /^rounds=(\d+)\$/.exec(settings);
  const salt = Buffer.from(settings.slice(explicit?.[0].length ?? 0), 'latin1');
  const rounds = Math.max(MIN_ROUNDS, Number(explicit?.[1] ?? DEFAULT_ROUNDS));
  const digest = (...parts: readonly Buffer[]): Buffer => {
    const hash = createHash(variant);
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const first = firstDigest(digest, password, salt);
  const p = repeated(digest(...copies(password, password.length)), password.length);
  const s = repeated(digest(...copies(salt, 16 + (first[0] ?? 0))), salt.length);
  let last = first;
  for (let round = 0; round < rounds; round += 1) {
    const isOdd = round % 2 === 1;
    const parts = [isOdd ? p : last];
    if (round % 3 !== 0) parts.push(s);
    if (round % 7 !== 0) parts.push(p);
    parts.push(isOdd ? last : p);
    last = digest(...parts);
  }
  return `${magic}${settings}$${cryptBase64(last, order)}`;
}

type Digest = (...parts: readonly Buffer[]) => Buffer;

/** Steps 4 to 12 of the specification. */
function firstDigest(digest: Digest, password: Buffer, salt: Buffer): Buffer {
  const inner = digest(password, salt, password);
  const parts = [password, salt, repeated(inner, password.length)];
  for (let bits = password.length; bits > 0; bits >>= 1) parts.push((bits & 1) === 1 ? inner : password);
  return digest(...parts);
}

const copies = (bytes: Buffer, count: number): readonly Buffer[] =>
  Array.from({ length: count }, () => bytes);

const repeated = (bytes: Buffer, length: number): Buffer => Buffer.alloc(length, bytes);
