import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { suite, test } from 'node:test';
import { parseHtpasswd } from '../lib/htpasswd.ts';
import { skipWithout } from '../../test/support/skip-without.ts';
import { verifyPassword } from './verify-password.ts';

const verify = (password: string, hash: string): boolean => verifyPassword(Buffer.from(password), hash);

/** Written by htpasswd 2.4 and OpenSSL 3, for machines without these tools. */
const RECORDED = [
  'bcrypt:$2y$05$pYxkdA7hqCxaIL69AjHabOA7JyYLpdeScaGFNno1tMMrEZq9U01sW',
  'apr1:$apr1$weBZ8Ipi$ap/Jf2BsGmuNDp2.4N5Py/',
  'sha:{SHA}Jw4PQHQInG8CTLNQ2PPDeIL6wkM=',
  'sha256:$5$6HV90uOo8YVqvsRg$AB0j2u0dyelkcxMnEOU73k8FeIpK5ysrJ2Ln/ynW0c9',
  'sha512:$6$mvmIbvw1D7vJ/oaP$S17FOFp9GVVWEvmd11PktaY3QqhJOC4kbeHdOaYr4r/52CPyeN4rSd/vL9bF39QBHfq1IsvgU3Iwcqsy9OMrs.',
  'rounds:$6$rounds=12345$N4imP2AkOboyqkIO$omgkr110CxD9.OyfEhosVWQeYiaWM2jiq7DsJqrRZ2nCQU42Hrw/rv6S40vy0qdGpFtfK6KRmJnQH/0Who6Ao/',
].join('\n');
const PASSWORD = 'pässwörd with spaces: and colons';

const PASSWORDS = ['s', 'sixteen letters!', PASSWORD, 'long '.repeat(14), '\t "quoted" \\ $HOME'];

suite('passwords against htpasswd hashes', () => {
  for (const { user, hash } of parseHtpasswd(RECORDED).entries) {
    test(`a recorded hash of ${user} accepts its password and no other`, () => {
      assert.equal(verify(PASSWORD, hash), true);
      for (const other of ['', PASSWORD.slice(0, -1), `${PASSWORD} `, hash]) {
        assert.equal(verify(other, hash), false, other);
      }
    });
  }

  test('all six recorded hashes are read', () => {
    assert.equal(parseHtpasswd(RECORDED).entries.length, 6);
  });

  test('what is no hash accepts nothing, not even itself', () => {
    for (const hash of ['', 'plain', '$2y$', '$apr1$$', '{SHA}', '$1$salt$qJH7.N4xYta3aEG/dfqo/0']) {
      assert.equal(verify(hash, hash), false);
    }
  });

  const withHtpasswd = { skip: skipWithout('htpasswd') };
  for (const [option, name] of [
    ['-B', 'bcrypt'],
    ['-m', 'apr1'],
    ['-s', 'SHA'],
    ['-2', 'SHA-256-crypt'],
    ['-5', 'SHA-512-crypt'],
  ] as const) {
    test(`htpasswd ${option} (${name})`, withHtpasswd, () => {
      for (const password of PASSWORDS) {
        const file = execFileSync('htpasswd', ['-nb', option, 'user', password], { encoding: 'utf8' });
        const [entry] = parseHtpasswd(file).entries;
        assert.ok(entry !== undefined, file);
        assert.equal(verify(password, entry.hash), true, password);
        assert.equal(verify(`${password}.`.slice(1), entry.hash), false);
      }
    });
  }

  const withOpenssl = { skip: skipWithout('openssl') };
  for (const option of ['-apr1', '-5', '-6']) {
    test(`openssl passwd ${option}`, withOpenssl, () => {
      for (const password of PASSWORDS) {
        const hash = execFileSync('openssl', ['passwd', option, password], { encoding: 'utf8' }).trim();
        assert.equal(verify(password, hash), true, password);
        assert.equal(verify(password.toUpperCase(), hash), password.toUpperCase() === password);
      }
    });
  }
});
