/** Inputs made from other inputs. */
import type { Random } from '../support/random.ts';
import type { FuzzTarget } from './target.ts';

/** Longer ones only take longer. */
const MAX_BYTES = 4_096;
const MAX_CHANGES = 5;
/** Bytes at which parsers change their mind. */
const EDGES = [
  0x00, 0x01, 0x09, 0x0a, 0x0d, 0x1f, 0x20, 0x2f, 0x30, 0x3a, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff,
];

type Change = (bytes: Buffer, random: Random, target: FuzzTarget) => Buffer;

const without = (bytes: Buffer, from: number, to: number): Buffer =>
  Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);

const withInserted = (bytes: Buffer, at: number, piece: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);

function withByte(bytes: Buffer, at: number, byte: number): Buffer {
  const changed = Buffer.from(bytes);
  if (at < changed.length) changed[at] = byte;
  return changed;
}

/** Two positions in order, close together more often than not. */
function range(bytes: Buffer, random: Random): readonly [number, number] {
  const from = random.below(bytes.length + 1);
  const most = random.chance(0.8) ? 16 : bytes.length;
  return [from, Math.min(bytes.length, from + 1 + random.below(most + 1))];
}

const CHANGES: readonly Change[] = [
  (bytes, random) => {
    const at = random.below(bytes.length);
    return withByte(bytes, at, (bytes[at] ?? 0) ^ (1 << random.below(8)));
  },
  (bytes, random) => withByte(bytes, random.below(bytes.length), random.pick(EDGES)),
  (bytes, random) => withByte(bytes, random.below(bytes.length), random.below(256)),
  // Lengths and counts are off by one more often than by much.
  (bytes, random) => {
    const at = random.below(bytes.length);
    return withByte(bytes, at, (bytes[at] ?? 0) + (random.chance(0.5) ? 1 : 255));
  },
  (bytes, random) => without(bytes, ...range(bytes, random)),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return withInserted(bytes, random.below(bytes.length + 1), bytes.subarray(from, to));
  },
  (bytes, random, { dictionary }) =>
    withInserted(bytes, random.below(bytes.length + 1), random.pick(dictionary)),
  (bytes, random, { dictionary }) => {
    const piece = random.pick(dictionary);
    const at = random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + piece.length)]);
  },
  (bytes, random, { corpus }) => {
    const other = random.pick(corpus);
    return Buffer.concat([
      bytes.subarray(0, random.below(bytes.length + 1)),
      other.subarray(random.below(other.length)),
    ]);
  },
  (bytes, random) => {
    const length = 1 + random.below(32);
    const noise = Buffer.from(Array.from({ length }, () => random.below(256)));
    return withInserted(bytes, random.below(bytes.length + 1), noise);
  },
  (bytes, random) => {
    const piece = Buffer.alloc(1 + random.below(300), random.pick(EDGES));
    return withInserted(bytes, random.below(bytes.length + 1), piece);
  },
];

/** The `index`th input: from the grammar or from the corpus, changed or as it is. */
export function makeInput(target: FuzzTarget, random: Random): Buffer {
  let bytes = random.chance(0.5) ? target.generate(random) : random.pick(target.corpus);
  const changes = random.chance(0.15) ? 0 : 1 + random.below(MAX_CHANGES);
  for (let count = 0; count < changes; count++) bytes = random.pick(CHANGES)(bytes, random, target);
  return bytes.subarray(0, MAX_BYTES);
}

/** Reads that give these bytes: a few, or one for each byte. */
export function splitInput(bytes: Buffer, random: Random): Buffer[] {
  if (bytes.length <= 64 && random.chance(0.1)) return [...bytes].map((byte) => Buffer.of(byte));
  const cuts = Array.from({ length: 1 + random.below(6) }, () => random.below(bytes.length + 1));
  const ends = [...new Set([...cuts, bytes.length])].toSorted((a, b) => a - b);
  return ends
    .map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end))
    .filter(({ length }) => length > 0);
}
