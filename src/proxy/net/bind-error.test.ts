import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { describeBindError } from './bind-error.ts';

const failure = (code: string): Error => Object.assign(new Error(code), { code });
const wanted = { listenerPort: 80, address: '', port: 8080 };

suite('bind errors', () => {
  test('the hint names the port that was found free, not the one that failed', () => {
    assert.equal(
      describeBindError(wanted, failure('EADDRINUSE'), 8081),
      'cannot listen on *:8080 (EADDRINUSE): another process listens there; stop it, or bind another port: --map 80=8081',
    );
    assert.equal(
      describeBindError({ ...wanted, port: 80 }, failure('EACCES'), 8080),
      'cannot listen on *:80 (EACCES): it needs privileges; grant CAP_NET_BIND_SERVICE, or bind another port: --map 80=8080',
    );
  });

  test('without a free port the hint has none', () => {
    assert.equal(
      describeBindError({ ...wanted, address: '::1' }, failure('EADDRINUSE'), null),
      'cannot listen on [::1]:8080 (EADDRINUSE): another process listens there; stop it',
    );
  });
});
