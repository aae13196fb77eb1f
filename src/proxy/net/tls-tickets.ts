/**
 * Keys of TLS session tickets. Every worker derives the same keys from one secret and the clock, so a client resumes at
 * any worker, before and after a reload, and only the secret must be distributed.
 */
import { hkdfSync } from 'node:crypto';

/** How long one key encrypts tickets. A stolen key decrypts no TLS 1.2 session older than this. */
export const TICKET_EPOCH_MS = 12 * 3_600_000;

/** Node.js takes name, HMAC key and AES key in one Buffer. */
const TICKET_KEY_BYTES = 48;

export function ticketEpoch(nowMs: number): number {
  return Math.floor(nowMs / TICKET_EPOCH_MS);
}

/**
 * The keys of one `domain` in one epoch. A ticket is valid only in the domain that issued it, so that a session of a
 * listener without client certificates cannot be resumed at one that requires them.
 */
export function deriveTicketKeys(secret: Buffer, domain: string, epoch: number): Buffer {
  const info = `sluice session tickets\0${String(epoch)}\0${domain}`;
  return Buffer.from(hkdfSync('sha256', secret, '', info, TICKET_KEY_BYTES));
}
