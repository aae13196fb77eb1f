import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseHtpasswd, passwordScheme } from './htpasswd.ts';

const SHA = '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=';

suite('htpasswd files', () => {
  test('comments, blank lines and CRLF do not matter; the first entry of a user counts', () => {
    const text = `# users\r\n\r\nana:${SHA}\r\nana:$apr1$abcdefgh$0123456789012345678901\nbob:${SHA}\n`;
    assert.deepEqual(parseHtpasswd(text), {
      entries: [
        { user: 'ana', hash: SHA },
        { user: 'bob', hash: SHA },
      ],
      problems: [],
    });
  });

  test('a line that cannot be used is reported by number, without its hash, and costs the other lines nothing', () => {
    const secret = 'plain-text-password';
    const { entries, problems } = parseHtpasswd(
      `ana:${secret}\nnocolon\n:${SHA}\nbob:${SHA}\neve:$2y$31$${'a'.repeat(53)}\nmax:$6$rounds=9000000$s$${'a'.repeat(86)}`,
    );
    assert.deepEqual(
      entries.map(({ user }) => user),
      ['bob'],
    );
    assert.deepEqual(
      problems.map(({ line }) => line),
      [1, 2, 3, 5, 6],
    );
    assert.ok(!JSON.stringify(problems).includes(secret));
  });

  test('schemes are recognised by their whole form', () => {
    assert.equal(passwordScheme(`$2y$10$${'a'.repeat(53)}`), 'bcrypt');
    assert.equal(passwordScheme(`$2y$10$${'a'.repeat(52)}`), null);
    assert.equal(passwordScheme(`$5$rounds=5000$salt$${'a'.repeat(43)}`), 'sha256-crypt');
    assert.equal(passwordScheme(`$6$salt$${'a'.repeat(86)}`), 'sha512-crypt');
    assert.equal(passwordScheme(SHA), 'sha');
    assert.equal(passwordScheme('secret'), null);
  });
});
