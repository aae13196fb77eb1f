/**
 * The version of a configuration: what it says, hashed part by part, so that a change hashes the parts that changed and then the hashes.
 * Endpoints stand apart, so that they can move without the rest being looked at.
 */
import { sha256Hex } from '../../lib/sha256.ts';

/** SHA-256 of text in UTF-8, as hex. */
export type Digest = (text: string) => string;

export const DEFAULT_DIGEST: Digest = sha256Hex;

/** Hexadecimal digits: as many bits as no two parts share by chance, and nobody finds two that do. */
const DIGITS = 32;

/** Of one part. */
export const digestOf = (text: string, digest: Digest): string => digest(text).slice(0, DIGITS);

/** Of a list of parts: each digest is of the same length, so that the text is unambiguous. */
export const joinDigests = (digests: readonly string[], digest: Digest): string =>
  digestOf(digests.join(''), digest);

/** 64 hexadecimal digits: of all but the endpoints, then of the endpoints. */
export const versionOf = (rest: readonly string[], endpoints: string, digest: Digest): string =>
  joinDigests(rest, digest) + endpoints;
