/**
 * What proxies of another release may read, with the version that tells them: the configuration's format and the messages of the
 * protocol. The record beside the code says which shape each version has, so that none changes without the other.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { newestOf, OUR_VERSIONS } from '../../src/configsync/negotiation.ts';
import { CONFIG_FORMAT } from '../../src/ir/codec.ts';
import { shapesOf } from './type-shape.ts';

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

const hashed = (shapes: ReadonlyMap<string, string>): EncodingRecord['shapes'] =>
  Object.fromEntries(
    [...shapes].map(([name, shape]) => [name, createHash('sha256').update(shape).digest('hex')]),
  );

/** As the code is now. */
export const currentEncodings = (): EncodingRecords => ({
  format: {
    version: CONFIG_FORMAT,
    shapes: hashed(shapesOf(source('ir/gateway-config.ts'), ['GatewayConfig'])),
  },
  protocol: {
    version: newestOf(OUR_VERSIONS.protocols),
    shapes: hashed(
      shapesOf(source('configsync/protocol.ts'), ['FromProxy', 'FromController', 'FleetReport']),
    ),
  },
});

/** Types whose shape is not the recorded one. */
export const changedTypes = (before: EncodingRecord, now: EncodingRecord): readonly string[] =>
  Object.keys(now.shapes).filter((name) => now.shapes[name] !== before.shapes[name]);
