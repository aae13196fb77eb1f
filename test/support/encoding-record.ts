/**
 * What proxies of another release may read, with the version that tells them: the configuration's format and the messages of the
 * protocol. The record beside the code says which shape each version has, so that none changes without the other.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { newestOf, OUR_VERSIONS } from '../../src/configsync/versions.ts';
import { CONFIG_FORMAT } from '../../src/ir/codec.ts';
import { shapesOf, type ShapesRequest, type TypeName } from './type-shape.ts';

export interface EncodingRecord {
  readonly version: number;
  /** Hashes of shapes, by type. */
  readonly shapes: Readonly<Record<string, string>>;
}

export type EncodingRecords = Readonly<Record<'format' | 'protocol', EncodingRecord>>;

export const RECORD_FILE = fileURLToPath(new URL('../../src/configsync/encoding.json', import.meta.url));

export const recorded = (): EncodingRecords =>
  JSON.parse(readFileSync(RECORD_FILE, 'utf8')) as EncodingRecords;

const source = (path: string): string => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));

/**
 * A proxy answers 500 for what carries a filter or policy of a kind that it does not know. So a release can add kinds, and proxies of
 * earlier releases still read everything else.
 */
const OPEN_TYPES: readonly TypeName[] = [
  { file: source('ir/filter.ts'), name: 'Filter' },
  { file: source('ir/policy-value.ts'), name: 'PolicyValue' },
];

/** Hashes, by name of the type. */
export const hashedShapes = (request: ShapesRequest): EncodingRecord['shapes'] =>
  Object.fromEntries(
    [...shapesOf(request)].map(([name, shape]) => [name, createHash('sha256').update(shape).digest('hex')]),
  );

/** As the code is now. */
export const currentEncodings = (): EncodingRecords => ({
  format: {
    version: CONFIG_FORMAT,
    shapes: hashedShapes({
      file: source('ir/gateway-config.ts'),
      names: ['GatewayConfig'],
      open: OPEN_TYPES,
    }),
  },
  protocol: {
    version: newestOf(OUR_VERSIONS.protocols),
    shapes: hashedShapes({
      file: source('configsync/protocol.ts'),
      names: ['FromProxy', 'FromController', 'FleetReport'],
    }),
  },
});

/** Recorded types that have another shape now, or no longer exist. An added kind of an open type is none of them. */
export const changedTypes = (before: EncodingRecord, now: EncodingRecord): readonly string[] =>
  Object.keys(before.shapes).filter((name) => now.shapes[name] !== before.shapes[name]);
