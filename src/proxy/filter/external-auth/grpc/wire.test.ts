import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { readVerdict } from './check-response.ts';
import { MessageBuilder, readMessage } from './wire.ts';

suite('protocol buffers', () => {
  test('what is built is read', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 536_870_911 }),
        fc.maxSafeNat(),
        fc.string(),
        (number, value, text) => {
          const fields = readMessage(new MessageBuilder().integer(number, value).text(number, text).build());
          assert.deepEqual(
            fields?.map((field) => [field.number, field.integer, field.bytes.toString()]),
            [
              [number, value, ''],
              [number, 0, text],
            ],
          );
        },
      ),
    );
  });

  test('any bytes are fields or nothing, and never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        readMessage(Buffer.from(bytes));
        const frame = Buffer.from([0, 0, 0, 0, bytes.length, ...bytes]);
        readVerdict(frame, () => false);
      }),
    );
  });

  test('numbers of fixed size and unknown fields are passed over; groups, cut-offs and field 0 are refused', () => {
    const message = Buffer.from([0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x15, 1, 2, 3, 4, 0x18, 0x96, 0x01]);
    assert.deepEqual(
      readMessage(message)?.map(({ number, integer }) => [number, integer]),
      [[3, 150]],
    );
    for (const bad of [[0x0b], [0x0a, 5, 1], [0x08], [0x00, 1], [0x08, ...Array<number>(11).fill(0x80)]]) {
      assert.equal(readMessage(Buffer.from(bad)), null, String(bad));
    }
  });
});

suite('the frame of a verdict', () => {
  const none = (): boolean => false;
  test('an empty message is an approval, as its default values say', () => {
    assert.equal(readVerdict(Buffer.from([0, 0, 0, 0, 0]), none)?.kind, 'allow');
  });

  test('no frame, a compressed one, a short or a second one is no verdict', () => {
    for (const frame of [[], [0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0]]) {
      assert.equal(readVerdict(Buffer.from(frame), none), null, String(frame));
    }
  });
});
