/** `sluice controller` put together: cluster → controller → fleet of proxies, and what runs them. */
import { startAdminServer, text } from '../../admin/server.ts';
import { Fleet } from '../../configsync/fleet.ts';
import { gatewayKey } from '../../configsync/protocol.ts';
import { observeGateway } from '../../controller/observations.ts';
import { createReconcileLoop, type ReconcileLoop } from '../../controller/reconcile-loop.ts';
import type { Observations } from '../../gatewayapi/snapshot.ts';
import { DEFAULT_WORKLOAD } from '../../ir/workload.ts';
import { KubeClient } from '../../kubeapi/client.ts';
import { loadApiServer } from '../../kubeapi/kube-config.ts';
import { LeaderElection } from '../../kubeapi/lease.ts';
import { KubernetesProvider } from '../../provider/kubernetes/kubernetes-provider.ts';
import { createJsonLogger, type LogLevel } from '../../telemetry/json-logger.ts';
import { createLineWriter } from '../../telemetry/line-writer.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { translate } from '../../translator/translate.ts';
import { CONTROLLER_NAME, type TranslateOptions } from '../../translator/types.ts';
import { translateOptions } from '../translate-paths.ts';
import { listenForProxies } from './config-listener.ts';
import { Identities } from './identities.ts';
import { Provisioner } from './provisioner.ts';

export interface ControllerOptions {
  /** DNS name under which proxies reach this controller. */
  readonly service: string;
  readonly configPort: number;
  readonly probePort: number;
  readonly proxyImage: string;
  readonly namespace: string;
  /** This replica's name in the election. */
  readonly identity: string;
  readonly kubeconfig: string | null;
  readonly logLevel: LogLevel;
}

const STANDARD_ERROR = 2;

/** Runs until a signal ends it. */
export async function runController(options: ControllerOptions): Promise<void> {
  const logger = createJsonLogger(createLineWriter(STANDARD_ERROR), options.logLevel);
  const client = new KubeClient(loadApiServer(process.env, options.kubeconfig));
  const identities = await Identities.open(client, options.namespace);
  const parts = assemble(options, { client, identities, logger });
  const { provider, provisioner, loop, fleet } = parts;
  const server = await listenForProxies({
    fleet,
    port: options.configPort,
    certificate: await identities.controllerCertificate([options.service]),
    caPem: identities.caPem,
    logger,
  });
  let isReady = false;
  const probes = await startAdminServer({
    host: '0.0.0.0',
    port: options.probePort,
    logger,
    handlers: {
      '/healthz': () => text('ok'),
      '/readyz': () => (isReady ? text('ready') : text('reading the cluster', 503)),
    },
  });
  const election = startElection(options, client, logger, (isLeader) => {
    provider.setLeader(isLeader);
    provisioner.setLeader(isLeader);
  });
  provisioner.start();
  await loop.start();
  isReady = true;
  election.start();
  await untilSignal();
  await election.stop();
  loop.stop();
  provisioner.stop();
  await provider.close();
  fleet.close();
  server.close();
  await probes.close();
  client.close();
}

const untilSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => {
        resolve();
      });
  });

interface Outside {
  readonly client: KubeClient;
  readonly identities: Identities;
  readonly logger: Logger;
}

interface Parts {
  readonly provider: KubernetesProvider;
  readonly provisioner: Provisioner;
  readonly fleet: Fleet;
  readonly loop: ReconcileLoop;
}

function assemble(options: ControllerOptions, { client, identities, logger }: Outside): Parts {
  const translation: TranslateOptions = { ...translateOptions(false), addresses: 'infrastructure' };
  const observationsChanged = (): void => {
    loop.observationsChanged();
  };
  const provider = new KubernetesProvider({ client, controllerName: CONTROLLER_NAME, logger });
  const fleet = new Fleet({ logger, onPeerChange: observationsChanged });
  const provisioner = new Provisioner({
    client,
    identities,
    image: options.proxyImage,
    configAddress: `${options.service}:${String(options.configPort)}`,
    uidOf: (namespace, name) => provider.gateway(namespace, name)?.metadata.uid ?? null,
    onChange: observationsChanged,
    logger,
  });
  const loop = createReconcileLoop({
    provider,
    server: fleet,
    logger,
    observe: () => observeFleet(fleet, provisioner),
    translate: (snapshot, observations) => translate(snapshot, observations, translation),
    onReconciled: ({ result }) => {
      provisioner.provision(result.infra);
    },
  });
  return { provider, provisioner, fleet, loop };
}

function startElection(
  { namespace, identity }: ControllerOptions,
  client: KubeClient,
  logger: Logger,
  onLeader: (isLeader: boolean) => void,
): LeaderElection {
  return new LeaderElection({
    client,
    namespace,
    name: 'sluice-controller',
    identity,
    logger,
    onLeader: (isLeader) => {
      logger.info(isLeader ? 'leading' : 'following', { identity });
      onLeader(isLeader);
    },
  });
}

const observeFleet = (fleet: Fleet, provisioner: Provisioner): Observations => ({
  gateways: fleet.configs.map((config) => {
    const { namespace, name } = config.gateway;
    return observeGateway({
      config,
      proxies: fleet.proxiesOf(gatewayKey(config.gateway)),
      expected: DEFAULT_WORKLOAD.scaling.kind === 'fixed' ? DEFAULT_WORKLOAD.scaling.replicas : 1,
      addresses: provisioner.addressesOf(namespace, name),
    });
  }),
});
