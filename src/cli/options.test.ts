import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { InvalidArgumentError } from 'commander';
import {
  parseAddress,
  parseBindAddress,
  parseCidrs,
  parseListenAddress,
  parsePercent,
  parsePortMap,
  parseRemoteAddress,
  parseSeconds,
  parseWorkers,
} from './options.ts';

function refuses(parse: (text: string) => unknown, ...texts: string[]): void {
  for (const text of texts) assert.throws(() => parse(text), InvalidArgumentError, text);
}

suite('options of run', () => {
  test('--map adds up, by comma and by repetition', () => {
    const first = parsePortMap('80=8080,443=8443', new Map());
    assert.deepEqual(
      [...parsePortMap('53=0', first)],
      [
        [80, 8080],
        [443, 8443],
        [53, 0],
      ],
    );
    refuses(
      (text) => parsePortMap(text, new Map()),
      '',
      '80',
      '80:8080',
      '0=80',
      '80=65536',
      '80=',
      '80=1=2',
      'x=1',
    );
  });

  test('--bind takes addresses, not names', () => {
    assert.equal(parseBindAddress('*'), '');
    assert.equal(parseBindAddress('::1'), '::1');
    refuses(parseBindAddress, 'localhost', '127.0.0', '127.0.0.1:80');
  });

  test('--trusted-cidrs takes CIDRs with commas between them', () => {
    assert.deepEqual(parseCidrs('10.0.0.0/8, ::1/128'), ['10.0.0.0/8', '::1/128']);
    refuses(parseCidrs, '', '10.0.0.0', '10.0.0.0/8,', 'example.com/8');
  });

  test('--admin takes an address with a port, a port alone on loopback, or off', () => {
    assert.deepEqual(parseListenAddress('0.0.0.0:9000'), { host: '0.0.0.0', port: 9000 });
    assert.deepEqual(parseListenAddress('[::1]:0'), { host: '::1', port: 0 });
    assert.deepEqual(parseListenAddress(':15000'), { host: '127.0.0.1', port: 15_000 });
    assert.deepEqual(parseListenAddress('localhost:15000'), { host: '127.0.0.1', port: 15_000 });
    assert.equal(parseListenAddress('off'), 'off');
    refuses(parseListenAddress, '', '15000', 'example.com:1', '127.0.0.1', '127.0.0.1:70000', '::1:15000');
  });

  test('an address to ask at cannot be off', () => {
    assert.deepEqual(parseAddress('[::1]:15000'), { host: '::1', port: 15_000 });
    refuses(parseAddress, 'off', '', '15000');
  });

  test('a remote address is a name or an IP address, and a port', () => {
    assert.deepEqual(parseRemoteAddress('sluice.example:15010'), { host: 'sluice.example', port: 15_010 });
    assert.deepEqual(parseRemoteAddress('[::1]:15010'), { host: '::1', port: 15_010 });
    refuses(parseRemoteAddress, 'name', 'name:', 'name:0', 'name:70000', ':15010', '::1:15010');
  });

  test('numbers have bounds and units', () => {
    assert.equal(parseWorkers('4'), 4);
    refuses(parseWorkers, '0', '-1', '1.5', 'many', '2000');
    assert.equal(parseSeconds('0.5'), 500);
    // Workers take whole milliseconds and nothing else.
    for (const text of ['1.001', '0.0005', '86399.9999', '0.1234567']) {
      assert.ok(Number.isInteger(parseSeconds(text)), text);
    }
    refuses(parseSeconds, '-1', '1m', '', '86401');
    assert.equal(parsePercent('12.5'), 12.5);
    refuses(parsePercent, '101', '-1', '10%');
  });
});
