import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameError, FrameReader, encodeFrame } from './frames.ts';

test('messages survive any split of the bytes', () => {
  const message = fc.record(
    { text: fc.string({ unit: 'grapheme' }), list: fc.array(fc.integer()) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.nat({ max: 40 })), (messages, cuts) => {
      const bytes = Buffer.concat(messages.map((one) => encodeFrame(one)));
      const reader = new FrameReader(1_000_000);
      const got: unknown[] = [];
      let from = 0;
      for (const cut of [...cuts, bytes.length]) {
        got.push(...reader.push(bytes.subarray(from, from + cut)));
        from += cut;
      }
      assert.deepEqual(got, messages);
    }),
  );
});

test('a message above the limit is refused before it is read', () => {
  const reader = new FrameReader(10);
  assert.throws(() => [...reader.push(Buffer.from([0, 0, 0, 11]))], FrameError);
});

test('a message that is not JSON is refused', () => {
  assert.throws(
    () => [...new FrameReader(10).push(Buffer.from([0, 0, 0, 1, 0x7b]))],
    /a message that is not JSON/u,
  );
});
