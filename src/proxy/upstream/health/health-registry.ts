/**
 * Health of the endpoints of all clusters. It is keyed by endpoint and check, not by cluster object: a cluster that is redefined, or
 * defined twice, uses the known health, and no endpoint is checked twice.
 */
import type { Cluster } from '../../../ir/cluster.ts';
import type { ClusterId } from '../../../ir/ids.ts';
import type { Certificate } from '../../../ir/tls.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import type { TimerWheel } from '../../net/timer-wheel.ts';
import { CheckGroup } from './check-group.ts';
import { CheckSlots } from './check-slots.ts';
import { ClusterHealth, type HealthListener } from './cluster-health.ts';
import type { EndpointCheck } from './endpoint-check.ts';
import { HealthCounters } from './health-counters.ts';
import { OutlierDetector } from './outlier-detector.ts';
import { checkAuthority, createProber } from './probe.ts';

export interface HealthRegistryDeps {
  readonly wheel: TimerWheel;
  readonly logger: Logger;
  /** In place of probes over sockets: for simulations. */
  readonly createProber?: typeof createProber;
}

/** State of one cluster id, for all its definitions. */
interface Known {
  readonly counters: HealthCounters;
  readonly members: Set<ClusterHealth>;
}

export class HealthRegistry {
  readonly wheel: TimerWheel;
  readonly logger: Logger;
  readonly #slots = new CheckSlots();
  readonly #createProber: typeof createProber;
  /** By cluster id and definition. */
  readonly #detectors = new Map<string, OutlierDetector>();
  /** By definition. */
  readonly #groups = new Map<string, CheckGroup>();
  readonly #known = new Map<ClusterId, Known>();

  constructor({ wheel, logger, createProber: custom }: HealthRegistryDeps) {
    this.#createProber = custom ?? createProber;
    this.wheel = wheel;
    this.logger = logger;
  }

  /** Must be closed when the cluster is no longer configured. `clientCertificate`: the one that its TLS settings name. */
  open(cluster: Cluster, clientCertificate: Certificate | null, listener: HealthListener): ClusterHealth {
    let known = this.#known.get(cluster.id);
    if (known === undefined) {
      known = { counters: new HealthCounters(), members: new Set() };
      this.#known.set(cluster.id, known);
    }
    const health = new ClusterHealth(cluster, listener, {
      registry: this,
      group: this.#groupOf(cluster, clientCertificate),
      detector: this.#detectorOf(cluster),
      counters: known.counters,
    });
    known.members.add(health);
    return health;
  }

  #detectorOf({ id, policy }: Cluster): OutlierDetector | null {
    const { passiveCheck } = policy;
    if (passiveCheck === null) return null;
    const key = `${id} ${JSON.stringify(passiveCheck)}`;
    const known = this.#detectors.get(key);
    if (known !== undefined) return known;
    const detector = new OutlierDetector(key, passiveCheck, this.wheel);
    this.#detectors.set(key, detector);
    return detector;
  }

  #groupOf(cluster: Cluster, clientCertificate: Certificate | null): CheckGroup | null {
    const { origin, policy, protocol, tls } = cluster;
    const check = policy.activeCheck;
    if (check === null) return null;
    const certificate = clientCertificate?.certificatePem ?? '';
    const asked = [check, protocol, tls, certificate, policy.proxyProtocol, authorityAsked(cluster)];
    const key = JSON.stringify([origin.namespace, ...asked]);
    let group = this.#groups.get(key);
    if (group === undefined) {
      const { wheel } = this;
      group = new CheckGroup(key, check, {
        wheel,
        slots: this.#slots,
        random: Math.random,
        createProbe: this.#createProber({ cluster, check, clientCertificate, wheel }),
        tenant: origin.namespace,
      });
      this.#groups.set(key, group);
    }
    group.uses++;
    return group;
  }

  /** A check of the endpoint with the same probe as `group`, for another definition of the cluster. */
  similarCheck(id: ClusterId, group: CheckGroup, name: string): EndpointCheck | null {
    const wanted = JSON.stringify([group.policy.probe, group.policy.port]);
    for (const member of this.#known.get(id)?.members ?? []) {
      const check = member.of(name)?.check ?? null;
      if (check === null || member.group === null) continue;
      if (JSON.stringify([member.group.policy.probe, member.group.policy.port]) === wanted) return check;
    }
    return null;
  }

  isOldest(health: ClusterHealth): boolean {
    const [oldest] = this.#known.get(health.cluster.id)?.members ?? [];
    return oldest === health;
  }

  /** Whether it is the oldest definition of its cluster with this check. */
  isFirst(health: ClusterHealth, part: 'group' | 'detector'): boolean {
    for (const member of this.#known.get(health.cluster.id)?.members ?? []) {
      if (member[part] === health[part]) return member === health;
    }
    return false;
  }

  /** A cluster that is not configured any more. */
  close(health: ClusterHealth): void {
    const { cluster, detector, group } = health;
    const known = this.#known.get(cluster.id);
    known?.members.delete(health);
    if (known?.members.size === 0) this.#known.delete(cluster.id);
    if (detector?.hosts.size === 0) this.#detectors.delete(detector.key);
    if (group === null) return;
    group.uses--;
    if (group.uses === 0) this.#groups.delete(group.key);
  }
}

/** Part of the identity of a check: if the policy sets no host, each Service has its own. */
function authorityAsked(cluster: Cluster): string {
  const probe = cluster.policy.activeCheck?.probe;
  const isNamed =
    probe === undefined || probe.kind === 'tcp' || (probe.kind === 'http' && probe.hostname !== '');
  return isNamed ? '' : checkAuthority(cluster);
}
