/** Compressors of `node:zlib`, which work off the event loop. There is a limited number of them at a time. */
import {
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  type BrotliCompress,
  type Gzip,
  type ZstdCompress,
} from 'node:zlib';
import type { Coding } from '../../../ir/compression.ts';

export type Compressor = Gzip | BrotliCompress | ZstdCompress;

/** At a time in a process; further responses are sent as they are. Each takes about 1 MiB. */
const MAX_COMPRESSORS = 128;

/** A window of 256 KiB: more of it costs memory for every response, and gains little for text. */
const WINDOW_BITS = 18;

const MAKERS: Readonly<Record<Coding, (level: number) => Compressor>> = {
  gzip: (level) => createGzip({ level }),
  br: (level) =>
    createBrotliCompress({
      params: { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS },
    }),
  zstd: (level) =>
    createZstdCompress({
      params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: WINDOW_BITS },
    }),
};

const FLUSH: Readonly<Record<Coding, number>> = {
  gzip: constants.Z_SYNC_FLUSH,
  br: constants.BROTLI_OPERATION_FLUSH,
  zstd: constants.ZSTD_e_flush,
};

let inUse = 0;

export const compressorsInUse = (): number => inUse;

/** null: there are too many. To be given back with `releaseCompressor`. */
export function takeCompressor(coding: Coding, level: number): Compressor | null {
  if (inUse >= MAX_COMPRESSORS) return null;
  inUse += 1;
  return MAKERS[coding](level);
}

export function releaseCompressor(compressor: Compressor): void {
  inUse -= 1;
  compressor.destroy();
}

/** What `flush` of a compressor takes to send all that it has been given. */
export const flushKindOf = (coding: Coding): number => FLUSH[coding];
