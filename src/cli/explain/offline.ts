/** Explains from manifests, read as `run` would read them. */
import { HEALTHY } from '../../controller/reconcile-health.ts';
import { loadResources } from '../../provider/file/load.ts';
import type { LoadedResources } from '../../provider/file/store.ts';
import { readTlsFolder, withSecrets } from '../../provider/file/tls-folder.ts';
import type { ExplainRequest } from '../../proxy/router/explain.ts';
import { translate } from '../../translator/translate.ts';
import { servicesWithoutEndpoints, withEchoEndpoints } from '../../echo/echo-endpoints.ts';
import { StandIns } from '../../echo/fill-stand-ins.ts';
import { MAPPED_REDIRECT } from '../run/mapped-redirects.ts';
import type { ProcessReport } from '../../admin/view/status.ts';
import { GatewayView } from '../../admin/view/view.ts';
import { translateOptions } from '../../controller/translate-options.ts';
import type { ExplainAnswer } from '../../report/explain/answer.ts';
import { explainRequest } from '../../admin/explain/explain-request.ts';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';

export interface OfflineOptions {
  readonly allClasses: boolean;
  readonly tlsDir: string | null;
  readonly echo: boolean;
  readonly map: ReadonlyMap<number, number>;
}

/** `run --echo` binds any free ports for its backends; this one represents them. */
const ECHO_PORT = 9000;

const NOT_RUNNING: ProcessReport = {
  version: '',
  startedAt: '',
  ready: false,
  notReady: 'nothing runs',
  reconciling: HEALTHY,
  workers: { expected: 0, serving: 0, restarts: 0, pids: [] },
};

export async function explainOffline(
  paths: readonly string[],
  asked: ExplainRequest,
  options: OfflineOptions,
): Promise<ExplainAnswer> {
  const loaded = await load(paths, options);
  const { snapshot } = loaded;
  const observations = { dataPlanes: [] };
  const result = translate(snapshot, observations, translateOptions({ allClasses: options.allClasses }));
  const port = listenerPort(asked.port, options.map);
  const request = { ...asked, port };
  const explanations = result.configs.flatMap(
    (config, index) => explainRequest(config, request, result.policies[index] ?? new Map()) ?? [],
  );
  const reconciled = { snapshot, inputFindings: loaded.findings, observations, result, revision: 0 };
  const view = new GatewayView({
    process: () => NOT_RUNNING,
    stats: null,
    locate: (object, path) => loaded.locate(object, path),
    now: () => Date.now(),
    logger: SILENT_LOGGER,
  });
  view.update({ reconciled, proxies: [], isServedByAll: false });
  const { gateways, findings } = view.status;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const isMapped = [...options.map].some(([from, to]) => from !== to);
  return {
    explanations,
    port,
    gateways,
    notes: [
      ...(isMapped && explanations.some(({ outcome }) => outcome === 'redirect') ? [MAPPED_REDIRECT] : []),
      ...(errors === 0
        ? []
        : [
            `the manifests have ${String(errors)} ${errors === 1 ? 'error' : 'errors'}: sluice check ${paths.join(' ')}`,
          ]),
      ...(options.echo ? [] : echoHint(explanations)),
      ...(explanations.length > 0 || port !== asked.port ? [] : mapHint(asked.port, gateways)),
    ],
  };
}

async function load(paths: readonly string[], { tlsDir, echo }: OfflineOptions): Promise<LoadedResources> {
  const files = loadResources(paths);
  const tls = tlsDir === null ? { secrets: [], findings: [] } : readTlsFolder(tlsDir);
  const snapshot = withSecrets(files.snapshot, tls.secrets);
  const loaded = { ...files, snapshot, findings: [...files.findings, ...tls.findings] };
  if (!echo) return loaded;
  const filled = await new StandIns().fill(snapshot);
  const targets = servicesWithoutEndpoints(filled.snapshot);
  return { ...loaded, snapshot: withEchoEndpoints(filled.snapshot, targets, () => ECHO_PORT) };
}

/** The port that `--map` binds, or the listener's own. */
function listenerPort(port: number, map: ReadonlyMap<number, number>): number {
  for (const [from, to] of map) if (to === port) return from;
  return port;
}

const echoHint = (explanations: ExplainAnswer['explanations']): string[] =>
  explanations.some(({ reason }) => reason === 'no_endpoints')
    ? ['with "sluice run --echo" starts an echo backend for Services without endpoints; add --echo here too']
    : [];

/** Not for a URL without a port, nor if a listener has the port and is not served for another reason. */
function mapHint(port: number, gateways: ExplainAnswer['gateways']): string[] {
  const listeners = gateways.flatMap((gateway) => gateway.listeners);
  const [listener] = listeners;
  const isMeant = [80, 443].includes(port) || listeners.some((one) => one.port === port);
  return listener === undefined || isMeant
    ? []
    : [
        `if "sluice run" binds another port than the listener's, repeat its --map (such as --map ${String(listener.port)}=${String(port)})`,
      ];
}
