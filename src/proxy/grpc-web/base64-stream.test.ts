import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { Base64Decoder, Base64Encoder } from './base64-stream.ts';

/** Decodes text in pieces of these lengths, the last one as long as it needs to be; null when it is refused. */
function decode(text: string, cuts: readonly number[] = []): Buffer | null {
  const decoder = new Base64Decoder();
  const bytes = Buffer.from(text, 'latin1');
  const parts: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    const to = Math.min(bytes.length, from + cut);
    const part = decoder.decode(bytes, from, to);
    if (part === null) return null;
    parts.push(part);
    from = to;
  }
  const last = decoder.end();
  return last === null ? null : Buffer.concat([...parts, last]);
}

suite('base64 in pieces', () => {
  test('any bytes come back, however they are cut and wherever the sender flushed', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(9)), fc.array(fc.boolean()), (chunks, cuts, flushes) => {
        const encoder = new Base64Encoder();
        const texts = chunks.flatMap((chunk, index) => [
          encoder.encode(Buffer.from(chunk), 0, chunk.length),
          ...(flushes[index] === true ? [encoder.flush()] : []),
        ]);
        const text = Buffer.concat([...texts, encoder.flush()]).toString('latin1');
        assert.deepEqual(decode(text, cuts), Buffer.concat(chunks));
      }),
    );
  });

  test('padding may end every part, and may be left out at the last', () => {
    assert.equal(String(decode('YQ==YmM=ZGVm')), 'abcdef');
    assert.equal(String(decode('YmM')), 'bc');
    assert.equal(String(decode('YQ')), 'a');
  });

  test('what is no base64 is refused', () => {
    for (const text of ['Y', 'YQ=', 'YQ=x', '=', 'Y===', 'YQ===', 'YW Jj', 'YW\nJj', 'YW-_', '\u00ff']) {
      assert.equal(decode(text), null, text);
    }
  });
});
