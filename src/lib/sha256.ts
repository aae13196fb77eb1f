/** SHA-256 (FIPS 180-4) for layers that have no `node:crypto`. */

const ROUND_CONSTANTS = Int32Array.from([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]);

const BLOCK_BYTES = 64;

/** Hex digest of text encoded as UTF-8 (lone surrogates as U+FFFD). */
export function sha256Hex(text: string): string {
  const state = new Uint32Array([
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  ]);
  const schedule = new Int32Array(64);
  const bytes = paddedUtf8(text);
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) compress(state, schedule, bytes, at);
  return [...state].map((word) => word.toString(16).padStart(8, '0')).join('');
}

/** The message in UTF-8 with the padding of FIPS 180-4 section 5.1.1. */
function paddedUtf8(text: string): Uint8Array {
  const buffer = new Uint8Array(Math.ceil((text.length * 3 + 9) / BLOCK_BYTES) * BLOCK_BYTES);
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    let point = text.charCodeAt(index);
    if (point < 0x80) {
      buffer[length++] = point;
      continue;
    }
    point = text.codePointAt(index) ?? 0;
    if (point > 0xffff) index++;
    if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
    if (point < 0x800) {
      buffer[length++] = 0xc0 | (point >> 6);
    } else {
      if (point > 0xffff) {
        buffer[length++] = 0xf0 | (point >> 18);
        buffer[length++] = 0x80 | ((point >> 12) & 0x3f);
      } else {
        buffer[length++] = 0xe0 | (point >> 12);
      }
      buffer[length++] = 0x80 | ((point >> 6) & 0x3f);
    }
    buffer[length++] = 0x80 | (point & 0x3f);
  }
  const total = Math.ceil((length + 9) / BLOCK_BYTES) * BLOCK_BYTES;
  buffer[length] = 0x80;
  const bits = new DataView(buffer.buffer, total - 8);
  bits.setUint32(0, Math.floor(length / 0x20000000));
  bits.setUint32(4, (length * 8) >>> 0);
  return buffer.subarray(0, total);
}

/* eslint-disable @typescript-eslint/no-non-null-assertion -- indices stay below the fixed lengths of the arrays */
function compress(state: Uint32Array, w: Int32Array, bytes: Uint8Array, at: number): void {
  for (let t = 0, i = at; t < 16; t++, i += 4) {
    w[t] = (bytes[i]! << 24) | (bytes[i + 1]! << 16) | (bytes[i + 2]! << 8) | bytes[i + 3]!;
  }
  for (let t = 16; t < 64; t++) {
    const early = w[t - 15]!;
    const late = w[t - 2]!;
    const s0 = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3);
    const s1 = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10);
    w[t] = w[t - 16]! + s0 + w[t - 7]! + s1;
  }
  let a = state[0]! | 0;
  let b = state[1]! | 0;
  let c = state[2]! | 0;
  let d = state[3]! | 0;
  let e = state[4]! | 0;
  let f = state[5]! | 0;
  let g = state[6]! | 0;
  let h = state[7]! | 0;
  for (let t = 0; t < 64; t++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND_CONSTANTS[t]! + w[t]!) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
}
/* eslint-enable @typescript-eslint/no-non-null-assertion */
