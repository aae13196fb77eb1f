import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Peer } from '../peers/peer.ts';
import { TCP_SCENARIOS, UDP_SCENARIOS } from '../scenarios/relay.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { variantsOf } from './batch.ts';

const peer = (name: string, serves: Peer['serves']): Peer => ({
  name,
  serves,
  version: () => Promise.resolve('1'),
  prepare: () => ({ file: name, args: [] }),
});

const PEERS = [
  peer('sluice', () => true),
  peer('nginx', () => true),
  peer('haproxy', ({ kind }) => kind !== 'udp'),
];

const labels = ([scenario]: readonly Scenario[], skip: readonly string[] = []): string[] =>
  scenario === undefined ? [] : variantsOf(scenario, PEERS, skip).map(({ label }) => label);

test('a peer takes part where it serves what is compared', () => {
  assert.deepEqual(labels(TCP_SCENARIOS), ['sluice', 'nginx', 'haproxy', 'nginx again']);
  assert.deepEqual(labels(UDP_SCENARIOS), ['sluice', 'nginx', 'nginx again']);
});

test('a row of a peer can be left out alone', () => {
  assert.deepEqual(labels(TCP_SCENARIOS, ['nginx again', 'haproxy']), ['sluice', 'nginx']);
});
