/** apr1: Apache's variant of MD5-crypt, which `htpasswd -m` and `openssl passwd -apr1` write. */
import { createHash } from 'node:crypto';
import { cryptBase64, type ByteGroup } from './crypt-base64.ts';

const MAGIC = '$apr1$';
const ROUNDS = 1_000;
const DIGEST_BYTES = 16;
const ORDER: readonly ByteGroup[] = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5], [11]];

const md5 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The whole hash, with its salt, as a file has it. */
export function apr1(password: Buffer, salt: string): string {
  let digest = firstDigest(password, salt);
  for (let round = 0; round < ROUNDS; round += 1) {
    const isOdd = round % 2 === 1;
    digest = md5(
      isOdd ? password : digest,
      round % 3 === 0 ? '' : salt,
      round % 7 === 0 ? '' : password,
      isOdd ? digest : password,
    );
  }
  return `${MAGIC}${salt}$${cryptBase64(digest, ORDER)}`;
}

function firstDigest(password: Buffer, salt: string): Buffer {
  const inner = md5(password, salt, password);
  const parts: (Buffer | string)[] = [password, MAGIC, salt];
  for (let left = password.length; left > 0; left -= DIGEST_BYTES) parts.push(inner.subarray(0, left));
  for (let bits = password.length; bits > 0; bits >>= 1) {
    parts.push((bits & 1) === 1 ? Buffer.of(0) : password.subarray(0, 1));
  }
  return md5(...parts);
}
