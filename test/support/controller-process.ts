/** Controllers and proxies for tests: real streams, real certificates, a fake API server, and data planes that record their updates. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startController, type RunningController } from '../../src/cli/controller/controller.ts';
import { followController } from '../../src/supervisor/remote-config.ts';
import type { ListenAddress } from '../../src/cli/options.ts';
import type { DataPlane } from '../../src/configsync/client.ts';
import type { EndpointSet } from '../../src/ir/cluster.ts';
import type { GatewayConfig } from '../../src/ir/gateway-config.ts';
import { SILENT_LOGGER, type Logger } from '../../src/telemetry/logger.ts';
import type { JsonObject } from './fake-api/server-side-apply.ts';
import type { KubeCluster } from './kube-cluster.ts';

/** The name in certificates, and one that resolves here. */
const SERVICE = 'localhost';

export interface ControllerParts {
  readonly identity?: string;
  readonly namespaces?: readonly string[];
  /** Off when absent. */
  readonly admin?: ListenAddress;
  /** Any free one when absent. */
  readonly configPort?: number;
  readonly logger?: Logger;
}

/** Stopped with the test. */
export async function runController(
  t: TestContext,
  cluster: KubeCluster,
  parts: ControllerParts = {},
): Promise<RunningController> {
  const controller = await startController({
    apiServer: cluster.apiServer,
    service: SERVICE,
    address: '127.0.0.1',
    configPort: parts.configPort ?? 0,
    probeHost: '127.0.0.1',
    probePort: 0,
    admin: parts.admin ?? 'off',
    version: '1.0.0',
    proxyImage: 'sluice:test',
    externalBackends: false,
    namespace: 'sluice-system',
    namespaces: parts.namespaces ?? null,
    identity: parts.identity ?? 'controller-0',
    logger: parts.logger ?? SILENT_LOGGER,
  });
  t.after(() => controller.stop());
  return controller;
}

/** What a proxy's workers would be. */
export class BookDataPlane implements DataPlane {
  configs: readonly GatewayConfig[] = [];
  readonly endpointSets: EndpointSet[] = [];
  applied = 0;
  /** Configurations that are refused: the message, or null. */
  refuse: (config: GatewayConfig) => string | null = () => null;
  #waiting: (() => void)[] = [];

  apply(configs: readonly GatewayConfig[]): ReturnType<DataPlane['apply']> {
    for (const config of configs) {
      const message = this.refuse(config);
      if (message !== null) return Promise.reject(new Error(message));
    }
    this.applied += 1;
    this.#take(configs);
    return Promise.resolve({ ports: [], problems: [] });
  }

  /** As a worker whose port could not be bound at first. */
  reportPorts: Parameters<NonNullable<DataPlane['onPortsChanged']>>[0] = () => undefined;

  onPortsChanged(listener: BookDataPlane['reportPorts']): void {
    this.reportPorts = listener;
  }

  applyEndpoints(sets: readonly EndpointSet[], configs: readonly GatewayConfig[]): void {
    this.endpointSets.push(...sets);
    this.#take(configs);
  }

  /** Hostnames that are routed, over all Gateways. */
  get hostnames(): readonly string[] {
    const listeners = this.configs.flatMap(({ ports }) => ports.flatMap((port) => port.listeners));
    return listeners.flatMap((one) =>
      one.kind === 'http' ? one.virtualHosts.map(({ hostname }) => hostname) : [],
    );
  }

  async until(holds: (plane: this) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #take(configs: readonly GatewayConfig[]): void {
    this.configs = configs;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

export interface RunningProxy {
  readonly plane: BookDataPlane;
  /** Where its identity is read. */
  readonly identityFolder: string;
  stop(): void;
}

/** A proxy with the identity in the Secret, mounted as by the kubelet; stopped at the end of the test. */
export function runProxy(
  t: TestContext,
  { configPort }: Pick<RunningController, 'configPort'>,
  { name, secret }: { readonly name: string; readonly secret: JsonObject },
): RunningProxy {
  const identityFolder = mkdtempSync(join(tmpdir(), 'sluice-identity-'));
  mountSecret(identityFolder, secret);
  const plane = new BookDataPlane();
  const following = new AbortController();
  followController(
    {
      controller: { host: SERVICE, port: configPort },
      identityFolder,
      name,
      dataPlane: plane,
      logger: SILENT_LOGGER,
    },
    following.signal,
  );
  t.after(() => {
    following.abort();
    rmSync(identityFolder, { recursive: true });
  });
  return {
    plane,
    identityFolder,
    stop: () => {
      following.abort();
    },
  };
}

function mountSecret(folder: string, secret: JsonObject): void {
  for (const [file, data] of Object.entries(secret['data'] as Record<string, string>)) {
    writeFileSync(join(folder, file), Buffer.from(data, 'base64'));
  }
}
