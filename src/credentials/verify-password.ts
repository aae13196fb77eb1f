/** Checks one password against one hash of an htpasswd file. Takes up to a second of CPU time: never call it on an event loop. */
import { createHash, timingSafeEqual } from 'node:crypto';
import bcrypt from 'bcryptjs';
import { passwordScheme } from '../lib/htpasswd.ts';
import { apr1 } from './apr1.ts';
import { shaCrypt } from './sha-crypt.ts';

/** False also for a hash of an unknown scheme. */
export function verifyPassword(password: Buffer, hash: string): boolean {
  switch (passwordScheme(hash)) {
    case 'bcrypt':
      return bcrypt.compareSync(password.toString('utf8'), hash);
    case 'apr1':
      return sameText(apr1(password, hash.split('$')[2] ?? ''), hash);
    case 'sha':
      return sameText(`{SHA}${createHash('sha1').update(password).digest('base64')}`, hash);
    case 'sha256-crypt':
      return sameText(shaCrypt('sha256', password, settingsOf(hash)), hash);
    case 'sha512-crypt':
      return sameText(shaCrypt('sha512', password, settingsOf(hash)), hash);
    case null:
      return false;
  }
}

/** Between the magic and the digest. */
const settingsOf = (hash: string): string => hash.slice('$5$'.length, hash.lastIndexOf('$'));

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
