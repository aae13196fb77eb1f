/**
 * Digests under a key of this process: credentials are compared and cached by them, so that neither the time of a comparison nor memory
 * tells a credential.
 */
import { hash, randomBytes } from 'node:crypto';

const KEY = randomBytes(32).toString('latin1');

export const secretDigest = (credential: string): string => hash('sha256', KEY + credential, 'base64');
