/** Wires `sluice controller`: cluster → controller → fleet of proxies, and their infrastructure. */
import { startAdminServer, text, type AdminAnswer } from '../../admin/server.ts';
import { Fleet } from '../../configsync/fleet.ts';
import { observeDataPlane, observeEach } from '../../controller/observations.ts';
import { reconcileTrouble } from '../../controller/reconcile-health.ts';
import {
  createReconcileLoop,
  type ReconcileLoop,
  type ReconcileOptions,
  type Reconciled,
} from '../../controller/reconcile-loop.ts';
import { KubeClient } from '../../kubeapi/client.ts';
import { LeaderElection } from '../../kubeapi/lease.ts';
import { ClassFinalizer } from '../../provider/kubernetes/class-finalizer.ts';
import { CrdVersions } from '../../provider/kubernetes/crd-versions.ts';
import { EventRecorder } from '../../provider/kubernetes/event-recorder.ts';
import { KubernetesProvider } from '../../provider/kubernetes/kubernetes-provider.ts';
import { problemsOf } from '../../provider/kubernetes/problems.ts';
import type { ApiServer } from '../../kubeapi/kube-config.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { MetricFamily } from '../../telemetry/metric-registry.ts';
import type { Observations } from '../../translator/observations.ts';
import { Translator } from '../../translator/translate.ts';
import { CONTROLLER_NAME } from '../../translator/types.ts';
import { platformDigest, translateOptions } from '../../controller/translate-options.ts';
import { controllerMetrics } from '../../controller/controller-metrics.ts';
import { listenForProxies } from '../../controller/config-listener.ts';
import { Identities } from '../../controller/identities.ts';
import { LeaderLink } from '../../controller/leader-link.ts';
import { ProxyCounts } from '../../controller/proxy-counts.ts';
import { Provisioner } from '../../controller/provisioner.ts';
import type { ListenAddress } from '../options.ts';
import { ControllerAdmin } from './admin.ts';

export interface ControllerOptions {
  readonly apiServer: ApiServer;
  /** DNS name by which proxies reach this controller. */
  readonly service: string;
  /** Address at which other replicas reach this one. */
  readonly address: string;
  /** 0 = any free port. */
  readonly configPort: number;
  readonly probeHost: string;
  readonly probePort: number;
  /** Of the admin API, or off. */
  readonly admin: ListenAddress;
  readonly version: string;
  readonly proxyImage: string;
  /** Where the controller itself lives: its Lease and its certificate authority. */
  readonly namespace: string;
  /** Namespaces whose objects are served; null = all. */
  readonly namespaces: readonly string[] | null;
  /** This replica's name in the election. */
  readonly identity: string;
  /** Serve ExternalName Services and XBackends. */
  readonly externalBackends: boolean;
  readonly logger: Logger;
}

export interface RunningController {
  readonly configPort: number;
  /** `host:port` of /healthz and /readyz. */
  readonly probes: string;
  /** `host:port` of the admin API; null when there is none. */
  readonly admin: string | null;
  readonly isLeader: boolean;
  /** Releases leadership and stops; proxies continue to serve. */
  stop(): Promise<void>;
}

/** Resolves when the cluster has been read and proxies can connect; rejects if that fails. */
export async function startController(options: ControllerOptions): Promise<RunningController> {
  const { logger, apiServer, service } = options;
  const client = new KubeClient(apiServer);
  const identities = await Identities.open(client, options.namespace);
  const parts = assemble(options, client, identities);
  const { provider, provisioner, loop, fleet, link, crds, events, admin } = parts;
  const probes = await startAdminServer({
    host: options.probeHost,
    port: options.probePort,
    logger,
    handlers: {
      '/healthz': () => text('ok'),
      '/readyz': () => {
        const trouble = notReady(parts);
        return trouble === null ? text('ready') : text(trouble, 503);
      },
      '/metrics': () => exposed(metricsOf(parts)),
    },
  });
  provisioner.start();
  await crds.start();
  await loop.start();
  // From here on, the Gateways and their identities are known.
  const { configPort: port } = options;
  const isCurrent = provisioner.isCurrent.bind(provisioner);
  const listener = await listenForProxies({ fleet, port, identities, isCurrent, names: [service], logger });
  parts.seen.isReady = true;
  const adminAddress = await admin.open(options.admin);
  const election = createElection(options, client, { ...parts, configPort: listener.port });
  election.start();
  return {
    configPort: listener.port,
    probes: probes.address,
    admin: adminAddress,
    get isLeader() {
      return election.isLeader;
    },
    async stop() {
      loop.stop();
      await provider.close();
      await election.stop();
      link.close();
      crds.stop();
      events.stop();
      provisioner.stop();
      fleet.close();
      listener.close();
      await admin.close();
      await probes.close();
      client.close();
    },
  };
}

interface Parts {
  readonly provider: KubernetesProvider;
  readonly provisioner: Provisioner;
  readonly fleet: Fleet;
  readonly link: LeaderLink;
  readonly crds: CrdVersions;
  readonly events: EventRecorder;
  readonly loop: ReconcileLoop;
  readonly leading: { isLeader: boolean; look: () => void };
  readonly seen: { reconciliations: number; last: Reconciled | null; isReady: boolean };
  readonly admin: ControllerAdmin;
}

/** null if ready, otherwise the reason. */
const notReady = ({ seen, loop }: Pick<Parts, 'seen' | 'loop'>): string | null =>
  seen.isReady ? reconcileTrouble(loop.health) : 'reading the cluster';

function metricsOf({ leading, seen, loop }: Pick<Parts, 'leading' | 'seen' | 'loop'>): MetricFamily[] {
  const { user, system } = process.cpuUsage();
  return controllerMetrics({
    ...seen,
    isLeader: leading.isLeader,
    health: loop.health,
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / MICROSECONDS,
  });
}

async function exposed(families: readonly MetricFamily[]): Promise<AdminAnswer> {
  // Loaded by the first scrape: it brings some ninety modules of prom-client.
  const { exposeMetrics } = await import('../../telemetry/metric-registry.ts');
  const { contentType, text: body } = await exposeMetrics(families);
  return { status: 200, contentType, body };
}

const MICROSECONDS = 1_000_000;

function assemble(options: ControllerOptions, client: KubeClient, identities: Identities): Parts {
  const { logger, namespaces, service, identity } = options;
  const changed = (): void => {
    loop.observationsChanged();
  };
  const common = { client, controllerName: CONTROLLER_NAME, logger };
  const provider = new KubernetesProvider({ ...common, namespaces, onServedKinds: changed });
  const fleet: Fleet = new Fleet({
    logger,
    maxStreams: (dataPlane) => provisioner.maxStreamsOf(dataPlane),
    onPeerChange() {
      changed();
      link.changed();
    },
  });
  const link = new LeaderLink({ fleet, identities, replica: identity, service, logger });
  const crds = new CrdVersions({ client, logger, onChange: changed });
  const provisioner = new Provisioner({
    client,
    identities,
    namespaces,
    image: options.proxyImage,
    configAddress: `${service}:${String(options.configPort)}`,
    gateway: (namespace, name) => provider.find('Gateway', namespace, name),
    onChange: changed,
    logger,
  });
  const events = new EventRecorder({
    ...common,
    instance: identity,
    now: () => new Date(),
  });
  const finalizer = new ClassFinalizer(client, logger);
  const seen: Parts['seen'] = { reconciliations: 0, last: null, isReady: false };
  const translator = new Translator(
    translateOptions({ addresses: 'infrastructure', externalBackends: options.externalBackends }),
  );
  const tellCounts = tellingCounts(fleet);
  const leading: Parts['leading'] = { isLeader: false, look: () => undefined };
  const loop = createReconcileLoop({
    provider,
    server: publishing(fleet, provisioner),
    logger,
    observe: () => observeFleet({ fleet, provisioner, crds, provider, logger }),
    translate: (snapshot, observations) => translator.translate(snapshot, observations),
    onReconciled: (reconciled) => {
      seen.reconciliations++;
      seen.last = reconciled;
      provisioner.provision(reconciled.result.infra);
      tellCounts(reconciled);
      admin.reconciled(reconciled);
      leading.look = () => {
        if (leading.isLeader) lead(reconciled, { provider, finalizer, events });
      };
      leading.look();
    },
  });
  const admin = createAdmin(options, () => ({ fleet, provisioner, leading, seen, loop }));
  return { provider, provisioner, fleet, link, crds, events, loop, leading, seen, admin };
}

/** `parts`: of the controller, read for every response. */
const createAdmin = (
  { version, logger }: ControllerOptions,
  parts: () => Pick<Parts, 'fleet' | 'provisioner' | 'leading' | 'seen' | 'loop'>,
): ControllerAdmin =>
  new ControllerAdmin({
    version,
    logger,
    parts,
    notReady: () => notReady(parts()),
    metrics: () => metricsOf(parts()),
  });

/** Publishes to the proxies of objects that exist now, and to no others. */
const publishing = (fleet: Fleet, provisioner: Provisioner): ReconcileOptions['server'] => ({
  publish(configs) {
    fleet.closeForeign((dataPlane) => provisioner.uidOf(dataPlane));
    return fleet.publish(configs);
  },
  get revision() {
    return fleet.revision;
  },
});

/** Tells proxies how many of them share the limits of their Gateway. */
function tellingCounts(fleet: Fleet): (reconciled: Reconciled) => void {
  const counts = new ProxyCounts(platformDigest);
  return ({ result, snapshot }) => {
    for (const [dataPlane, proxies] of counts.of(result.infra, snapshot.endpointSlices))
      fleet.shareAmong(dataPlane, proxies);
  };
}

interface LeaderWork {
  readonly provider: KubernetesProvider;
  readonly finalizer: ClassFinalizer;
  readonly events: EventRecorder;
}

/** Tasks of the leader besides status and infrastructure. */
function lead(
  { snapshot, inputFindings, result }: Reconciled,
  { provider, finalizer, events }: LeaderWork,
): void {
  const used = new Set(snapshot.gateways.map(({ spec }) => spec.gatewayClassName));
  const classes = result.statuses.flatMap(({ kind, object }) => {
    const gatewayClass = kind === 'GatewayClass' ? provider.find(kind, '', object.name) : undefined;
    return gatewayClass === undefined ? [] : [{ gatewayClass, isUsed: used.has(object.name) }];
  });
  void finalizer.reconcile(classes);
  // Input findings without an object cannot come from an API server.
  const ofInput = inputFindings.flatMap(({ object, ...rest }) =>
    object === null ? [] : [{ ...rest, object }],
  );
  events.report(
    problemsOf([...ofInput, ...result.findings], ({ kind, namespace, name }) =>
      provider.find(kind, namespace, name),
    ),
  );
}

function createElection(
  options: ControllerOptions,
  client: KubeClient,
  { provider, provisioner, link, leading, configPort }: Parts & { readonly configPort: number },
): LeaderElection {
  const { logger, identity, namespace, address } = options;
  const host = address.includes(':') ? `[${address}]` : address;
  return new LeaderElection({
    client,
    namespace,
    name: 'sluice-controller',
    identity,
    address: `${host}:${String(configPort)}`,
    logger,
    onChange: ({ isLeader, leader }) => {
      logger.info(isLeader ? 'leading' : 'following', { identity, leader });
      link.follow(leader);
      provider.setLeader(isLeader);
      provisioner.setLeader(isLeader);
      leading.isLeader = isLeader;
      leading.look();
    },
  });
}

function observeFleet({ fleet, provisioner, crds, provider, logger }: Observed): Observations {
  const dataPlanes = observeEach(fleet.configs, logger, (config) => {
    const { dataPlane } = config;
    return observeDataPlane({
      config,
      proxies: fleet.proxiesOf(dataPlane),
      expected: provisioner.expectedOf(dataPlane),
      addresses: provisioner.addressesOf(dataPlane),
      trouble: provisioner.troubleOf(dataPlane),
    });
  });
  return { crdVersions: crds.versions, unreadableKinds: provider.unreadableKinds, dataPlanes };
}

interface Observed extends Pick<Parts, 'fleet' | 'provisioner' | 'crds' | 'provider'> {
  readonly logger: Logger;
}
