/** The official interop client and server of gRPC (google.golang.org/grpc/interop), built from their Go module. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { buildGoTool } from '../support/go-tool.ts';
import type { OutsideTool } from '../support/outside-tool.ts';

const MODULE = 'google.golang.org/grpc/interop';
const VERSION = 'v1.85.0';

/**
 * Every case of the client but those that need an account with Google's cloud, and `pick_first_unary`, which asks for a server id that
 * this server never gives.
 */
export const CASES = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'special_status_message',
  'custom_metadata',
  'unimplemented_method',
  'unimplemented_service',
  'rpc_soak',
  'channel_soak',
  'orca_per_rpc',
  'orca_oob',
] as const;

/** The balancer that collects the load reports that these cases look at. */
const ORCA_SERVICE_CONFIG = '{"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}';

export interface InteropTools {
  readonly client: string;
  readonly server: string;
}

export async function buildInterop(): Promise<OutsideTool<InteropTools>> {
  const client = await buildGoTool('grpc-interop', `${MODULE}/client@${VERSION}`);
  const server = await buildGoTool('grpc-interop', `${MODULE}/server@${VERSION}`);
  if (client.kind === 'missing') return client;
  if (server.kind === 'missing') return server;
  return { kind: 'tool', tool: { client: client.tool, server: server.tool } };
}

/** Where the server reads its certificate; null = it speaks in the clear. */
export interface ServerFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Port of a server that accepts connections, and ends with the test. */
export async function startInteropServer(
  t: TestContext,
  { server }: InteropTools,
  files: ServerFiles | null,
): Promise<number> {
  const port = await freePort();
  const tls =
    files === null ? [] : ['-use_tls', '-tls_cert_file', files.certificate, '-tls_key_file', files.key];
  const child = spawn(server, ['-port', String(port), ...tls], { stdio: 'ignore' });
  t.after(() => child.kill());
  // It says nothing when it is ready.
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`the interop server ended with ${String(child.exitCode)}`);
  }
  return port;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      setTimeout(resolve, 20, false);
    });
  });
}

/** Resolves when the case has passed; rejects with what the client said. */
export async function runCase(
  { client }: InteropTools,
  name: string,
  target: { readonly port: number; readonly authority: string; readonly caFile: string | null },
): Promise<void> {
  const { port, authority, caFile } = target;
  const tls = caFile === null ? [] : ['-use_tls', '-use_test_ca', '-ca_file', caFile];
  const soak = name.endsWith('_soak') ? ['-soak_overall_timeout_seconds=30'] : [];
  const orca = name.startsWith('orca_') ? [`-service_config_json=${ORCA_SERVICE_CONFIG}`] : [];
  await promisify(execFile)(client, [
    `-server_host=127.0.0.1`,
    `-server_port=${String(port)}`,
    `-server_host_override=${authority}`,
    `-test_case=${name}`,
    ...tls,
    ...soak,
    ...orca,
  ]);
}
