/** Many Gateways, and replicas that report their proxies to each other. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { duplexPair, type Duplex } from 'node:stream';
import { suite, test } from 'node:test';
import { emptyConfig } from '../../test/support/gateway-config.ts';
import { gatewayDataPlane, type DataPlaneId } from '../ir/data-plane-id.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { followConfig, type DataPlane } from './client.ts';
import { Fleet } from './fleet.ts';
import { FleetReporter, receiveReports } from './fleet-relay.ts';

const idOf = (name: string): DataPlaneId => gatewayDataPlane({ namespace: 'default', name });
const config = (name: string, version: string): GatewayConfig => emptyConfig(name, { version });

class Plane implements DataPlane {
  versions: readonly string[] = [];
  refused: string | null = null;

  apply(configs: readonly GatewayConfig[]): ReturnType<DataPlane['apply']> {
    if (this.refused !== null) return Promise.reject(new Error(this.refused));
    this.versions = configs.map(({ version }) => version);
    return Promise.resolve({ ports: [], problems: [] });
  }

  applyEndpoints(): void {
    throw new Error('nothing here has endpoints');
  }
}

interface Replica {
  readonly fleet: Fleet;
  readonly follow: (gateway: string, name: string, plane?: Plane) => { plane: Plane; stream: Duplex };
  readonly until: (holds: (fleet: Fleet) => boolean) => Promise<void>;
  /** Called on every change besides. */
  onChange: () => void;
}

function replica(): Replica {
  const changes = new EventEmitter();
  const made: Replica = {
    fleet: new Fleet({
      logger: SILENT_LOGGER,
      onPeerChange() {
        made.onChange();
        changes.emit('change');
      },
      maxStreams: () => 4,
    }),
    follow(gateway, name, plane = new Plane()) {
      const [ours, stream] = duplexPair();
      made.fleet.attachTo(idOf(gateway), 'uid-1', ours);
      followConfig({ stream, dataPlane: plane, name, logger: SILENT_LOGGER });
      return { plane, stream };
    },
    async until(holds) {
      while (!holds(made.fleet)) await once(changes, 'change');
    },
    onChange: () => undefined,
  };
  return made;
}

const serving = (fleet: Fleet, gateway: string): string[] =>
  fleet.proxiesOf(idOf(gateway)).map(({ name, serving: at }) => `${name} ${at?.version ?? '-'}`);

/** Relays the state of the follower's proxies to the leader. */
function link(follower: Replica, leader: Replica): Duplex {
  const [theirs, ours] = duplexPair();
  receiveReports(theirs, leader.fleet, SILENT_LOGGER);
  const reporter = new FleetReporter(ours, follower.fleet, 'follower');
  follower.onChange = () => {
    reporter.changed();
  };
  return ours;
}

suite('fleet', () => {
  test('each proxy gets its Gateway’s configuration and no other', async () => {
    const { fleet, follow, until } = replica();
    const early = follow('a', 'early');
    assert.equal(fleet.publish([config('a', 'a1'), config('b', 'b1')]), true);
    const b = follow('b', 'late');
    await until(
      () => serving(fleet, 'a').length + serving(fleet, 'b').length === 2 && b.plane.versions.length > 0,
    );
    assert.deepEqual(early.plane.versions, ['a1']);
    assert.deepEqual(b.plane.versions, ['b1']);
    const { revision } = fleet;
    assert.equal(fleet.publish([config('a', 'a1'), config('b', 'b1')]), false);
    assert.equal(fleet.revision, revision);
    fleet.close();
  });

  test('proxies stop serving a removed Gateway', async () => {
    const { fleet, follow, until } = replica();
    fleet.publish([config('a', 'a1')]);
    const { plane } = follow('a', 'p');
    await until(() => serving(fleet, 'a').join() === 'p a1');
    fleet.publish([]);
    await until(() => serving(fleet, 'a').join() === 'p -');
    assert.deepEqual(plane.versions, []);
    assert.deepEqual(fleet.configs, []);
    fleet.close();
  });

  test('the leader tracks proxies of a follower as they attach, update, refuse and detach', async () => {
    const leader = replica();
    const follower = replica();
    for (const { fleet } of [leader, follower]) fleet.publish([config('a', 'a1')]);
    leader.follow('a', 'here');
    const { stream, plane } = follower.follow('a', 'there');
    link(follower, leader);
    await leader.until((fleet) => serving(fleet, 'a').toSorted().join() === 'here a1,there a1');
    follower.fleet.publish([config('a', 'a2')]);
    await leader.until((fleet) => serving(fleet, 'a').toSorted().join() === 'here a1,there a2');
    plane.refused = 'too much';
    follower.fleet.publish([config('a', 'a3')]);
    await leader.until((fleet) => fleet.proxiesOf(idOf('a')).some(({ refused }) => refused === 'too much'));
    assert.deepEqual(serving(leader.fleet, 'a').toSorted(), ['here a1', 'there a2']);
    stream.destroy();
    await leader.until((fleet) => serving(fleet, 'a').join() === 'here a1');
    leader.fleet.close();
    follower.fleet.close();
  });

  test('the reports of a disconnected follower are dropped; closing its old stream does not affect a reconnected one', async () => {
    const leader = replica();
    const follower = replica();
    follower.fleet.publish([config('a', 'a1')]);
    follower.follow('a', 'p');
    await follower.until((fleet) => serving(fleet, 'a').join() === 'p a1');
    const first = link(follower, leader);
    await leader.until((fleet) => serving(fleet, 'a').join() === 'p a1');
    const second = link(follower, leader);
    await leader.until((fleet) => serving(fleet, 'a').length === 1);
    first.destroy();
    await leader.until((fleet) => serving(fleet, 'a').length === 1);
    second.destroy();
    await leader.until((fleet) => serving(fleet, 'a').length === 0);
    follower.fleet.close();
  });
});
