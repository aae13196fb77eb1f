/** Any bytes, for a bounded time: no crash, no hang, no growth. At length: `npm run fuzz`. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FuzzedGateway } from './listeners.ts';
import { harmOf } from './run.ts';
import { TARGETS } from './targets.ts';
import { fuzzInThread } from './thread.ts';

const INPUTS = 30_000;
/** Nothing lives longer than the input that made it; this is what a heap may sway. */
const SWAY_BYTES = 4_194_304;
const STREAMS = 150;
/** A worker's own, its buffers and what a collector leaves for later. */
const RESIDENT_BYTES = 268_435_456;

suite('fuzz', () => {
  const seed = Math.floor(Math.random() * 2 ** 31);

  for (const { name } of TARGETS) {
    test(`any bytes, in any split: ${name}`, async () => {
      const options = { seed, first: 0, inputs: INPUTS, limitMs: Infinity };
      const { finding, inputs, grownBytes } = await fuzzInThread(name, options);
      const again = `npm run fuzz -- ${name} --seed ${String(seed)} --first ${String(finding?.index)} --inputs 1`;
      assert.equal(finding, null, `${finding?.detail ?? ''}\nagain: ${again}`);
      assert.equal(inputs, INPUTS);
      assert.ok(grownBytes < SWAY_BYTES, `the heap grew by ${String(grownBytes)} bytes`);
    });
  }

  test('what is not the same for every split is found', () => {
    const [target] = TARGETS;
    assert.ok(target);
    const forgetful = { ...target, outcomeOf: (reads: readonly Buffer[]) => `${String(reads.length)} reads` };
    assert.match(harmOf(forgetful, [Buffer.of(1, 2)], [Buffer.of(1), Buffer.of(2)]) ?? '', /split/);
    const failing = { ...target, outcomeOf: () => assert.fail('crashed') };
    assert.match(harmOf(failing, [Buffer.of(1)], [Buffer.of(1)]) ?? '', /crashed/);
    assert.equal(harmOf(target, [Buffer.of(1, 2)], [Buffer.of(1), Buffer.of(2)]), null);
  });

  test('any bytes to every listener, any answers from a backend: it goes on serving', async (t) => {
    const gateway = await FuzzedGateway.start(seed);
    t.after(() => gateway.stop());
    t.diagnostic(`seed ${String(seed)}`);
    const before = await gateway.serves();
    assert.deepEqual(before, ['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'GET /sound HTTP/1.1', 'udp:sound']);
    await gateway.attack(seed, STREAMS);
    assert.deepEqual(await gateway.serves(), before);
    assert.equal(await gateway.restarts(), 0, 'a worker ended');
    assert.ok((await gateway.residentBytes()) < RESIDENT_BYTES);
  });
});
