import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TargetGuard } from './target-guard.ts';

const OWN = ['10.0.0.5', 'fd00::5', 'fe80::5%eth0'];
const guard = (place: 'cluster' | 'local'): TargetGuard =>
  new TargetGuard({ place, ownPorts: [15_002], ownAddresses: () => OWN });
const cluster = guard('cluster');
const local = guard('local');
const isUsed = (
  of: TargetGuard,
  address: string,
  port = 80,
  source: 'name' | 'endpoints' = 'name',
): boolean => of.refusal({ address, port }, source) === null;

const NEVER = [
  '0.0.0.0',
  '0.1.2.3',
  '::',
  '169.254.169.254',
  '169.254.0.1',
  '::ffff:169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  'fe80::1',
  'febf::1',
  'fe80::1%eth0',
  '224.0.0.1',
  'ff02::1',
  '255.255.255.255',
  '100.100.100.200',
  '168.63.129.16',
  'fd00:ec2::254',
  '0x7f.1',
  '2130706433',
  '127.1',
  '0177.0.0.1',
];
const LOOPBACK = ['127.0.0.1', '127.255.0.1', '::1', '::ffff:127.0.0.1'];

suite('a name may not lead to', () => {
  for (const address of NEVER) {
    test(`${address}, anywhere`, () => {
      assert.equal(isUsed(cluster, address), false);
      assert.equal(isUsed(local, address), false);
    });
  }

  for (const address of [
    ...LOOPBACK,
    '64:ff9b::7f00:1',
    '::127.0.0.1',
    '10.0.0.5',
    '::ffff:10.0.0.5',
    'fd00::5',
  ]) {
    test(`${address} in a cluster`, () => {
      assert.equal(isUsed(cluster, address), false);
    });
  }

  test("the gateway's own API, on any address of the machine", () => {
    for (const address of [...LOOPBACK, ...OWN, '0.0.0.0', '::'])
      assert.equal(isUsed(local, address, 15_002), false, address);
  });
});

suite('a name may lead to', () => {
  test('processes of the machine, where it is one’s own', () => {
    for (const address of [...LOOPBACK, '10.0.0.5', 'fd00::5']) assert.ok(isUsed(local, address), address);
  });

  test('other machines, private ones included', () => {
    for (const address of [
      '192.0.2.1',
      '10.1.2.3',
      '192.168.1.1',
      'fd00::6',
      '2001:db8::1',
      '64:ff9b::c000:201',
    ]) {
      assert.ok(isUsed(cluster, address), address);
      assert.ok(isUsed(local, address), address);
    }
    assert.ok(isUsed(local, '192.0.2.1', 15_002), 'the port on another machine is not ours');
  });
});

test('an EndpointSlice may not name the gateway’s own API either', () => {
  for (const each of [cluster, local]) {
    for (const address of [...LOOPBACK, '10.0.0.5', '0.0.0.0', 'localhost'])
      assert.equal(isUsed(each, address, 15_002, 'endpoints'), false, address);
    assert.ok(isUsed(each, '127.0.0.1', 80, 'endpoints'));
  }
});
