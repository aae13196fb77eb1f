import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test, type TestContext } from 'node:test';
import { PasswordChecker, type PasswordQuestion, type PasswordVerdict } from './password-checks.ts';

/** SHA-512-crypt with 100,000 rounds: some 100 ms of CPU time. */
const SLOW =
  '$6$rounds=100000$slowslowslow$X.cb2ZMgc4Vs0OhxaaA2wcgmXMHQC1CXNxUXSZQmPLx5m6QMsB3CwE4BwcvL8lIFXyNCWjgpmZdrbIPpJqOVo0';
const shaHash = (password: string): string => `{SHA}${createHash('sha1').update(password).digest('base64')}`;

interface Lab {
  readonly ask: (
    password: string,
    about?: Partial<Omit<PasswordQuestion, 'password'>>,
  ) => Promise<PasswordVerdict>;
  readonly pass: (ms: number) => void;
}

function lab(t: TestContext): Lab {
  let nowMs = 0;
  const checker = new PasswordChecker({ now: () => nowMs });
  t.after(() => checker.close());
  return {
    ask: (password, about = {}) =>
      checker.check({
        hash: shaHash('right'),
        isUnknownUser: false,
        client: '192.0.2.1',
        ...about,
        password: Buffer.from(password),
      }),
    pass: (ms) => {
      nowMs += ms;
    },
  };
}

const times = <Value>(count: number, make: (index: number) => Value): readonly Value[] =>
  Array.from({ length: count }, (_, index) => make(index));

suite('password checks', () => {
  test('accept the password and reject others', async (t) => {
    const { ask } = lab(t);
    assert.equal(await ask('right'), 'accepted');
    assert.equal(await ask('wrong'), 'rejected');
    assert.equal(await ask('right', { isUnknownUser: true }), 'rejected');
    assert.equal(await ask('right', { hash: shaHash('rotated') }), 'rejected');
  });

  test('10 failures a minute throttle a client, and no other', async (t) => {
    const { ask, pass } = lab(t);
    for (const index of times(10, (at) => at)) assert.equal(await ask(`wrong ${String(index)}`), 'rejected');
    assert.equal(await ask('right'), 'throttled');
    assert.equal(await ask('right', { client: '192.0.2.2' }), 'accepted');
    assert.equal(await ask('right'), 'accepted', 'what is known to be right is not hashed, and passes');
    assert.equal(await ask('also wrong'), 'throttled');
    pass(59_999);
    assert.equal(await ask('also wrong'), 'throttled');
    pass(1);
    assert.equal(await ask('also wrong'), 'rejected');
  });

  test('attempts in flight count: a client cannot try a thousand passwords at once', async (t) => {
    const { ask } = lab(t);
    const verdicts = await Promise.all(times(1_000, (index) => ask(`guess ${String(index)}`)));
    assert.equal(verdicts.filter((verdict) => verdict === 'rejected').length, 10);
    assert.equal(verdicts.filter((verdict) => verdict === 'throttled').length, 990);
  });

  test('a thousand requests with the same credentials are one attempt', async (t) => {
    const { ask } = lab(t);
    const right = await Promise.all(times(1_000, () => ask('right')));
    assert.deepEqual(new Set(right), new Set(['accepted']));
    const wrong = await Promise.all(times(1_000, () => ask('wrong')));
    assert.deepEqual(new Set(wrong), new Set(['rejected']));
    assert.equal(await ask('another'), 'rejected', 'only one failure was counted');
  });

  test('a client cannot spread over its own IPv6 network', async (t) => {
    const { ask } = lab(t);
    for (const index of times(10, (at) => at)) {
      await ask(`wrong ${String(index)}`, { client: `2001:db8::${String(index)}` });
    }
    assert.equal(await ask('right', { client: '2001:db8::ffff' }), 'throttled');
    assert.equal(await ask('right', { client: '2001:db8:0:1::1' }), 'accepted');
  });

  test('the queue is bounded: past it, passwords are refused and not queued', async (t) => {
    const { ask } = lab(t);
    const verdicts = await Promise.all(
      times(100, (index) => ask(`guess ${String(index)}`, { client: `10.0.0.${String(index)}` })),
    );
    assert.equal(verdicts.filter((verdict) => verdict === 'busy').length, 36);
    assert.equal(await ask('right', { client: '10.1.0.1' }), 'accepted');
  });

  test('the event loop stays free while a password is hashed', async (t) => {
    const { ask } = lab(t);
    await ask('right');
    let turns = 0;
    const count = setInterval(() => {
      turns += 1;
    }, 1);
    t.after(() => {
      clearInterval(count);
    });
    const loop = performance.eventLoopUtilization();
    assert.equal(await ask('wrong', { hash: SLOW }), 'rejected');
    const { active, idle } = performance.eventLoopUtilization(loop);
    assert.ok(active < idle, `busy for ${String(active)} ms, idle for ${String(idle)} ms`);
    assert.ok(turns > 0);
  });
});
