/**
 * `npm run bench -- SUITE`: CPU time and memory of Sluice beside nginx, HAProxy and Envoy on this machine.
 * Linux only; the peers are brought into `.cache/bench/`. Run it on a machine that does nothing else.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startBackend } from './backends/backend.ts';
import { benchControl } from './control/main.ts';
import { runBatch } from './measure/batch.ts';
import { customPeer } from './peers/custom.ts';
import { envoyPeer } from './peers/envoy.ts';
import { haproxyPeer } from './peers/haproxy.ts';
import { nginxPeer } from './peers/nginx.ts';
import type { Peer } from './peers/peer.ts';
import { checkoutPeer, sluicePeer } from './peers/sluice.ts';
import { writeSection } from './report/document.ts';
import { describeMachine, mergeScenarios, type ScenarioResult, type SuiteResult } from './report/result.ts';
import { scenarioTable, suiteReport } from './report/table.ts';
import { BULK_SCENARIOS } from './scenarios/bulk.ts';
import { HTTP1_SCENARIOS } from './scenarios/http1.ts';
import { GRPC_SCENARIOS, H2_SCENARIOS } from './scenarios/http2.ts';
import { IDLE_SCENARIOS } from './scenarios/idle.ts';
import { TCP_SCENARIOS, UDP_SCENARIOS, WEBSOCKET_SCENARIOS } from './scenarios/relay.ts';
import type { LoadContext, Scenario } from './scenarios/scenario.ts';
import { TLS_SCENARIOS } from './scenarios/tls.ts';
import { backendOf } from './service.ts';
import { makeCertificate } from './tools/certificate.ts';
import { findTool, type ToolName } from './tools/install.ts';
import type { Tool } from './tools/tool.ts';

const SUITES: Readonly<Record<string, readonly Scenario[]>> = {
  http1: HTTP1_SCENARIOS,
  bulk: BULK_SCENARIOS,
  h2: H2_SCENARIOS,
  grpc: GRPC_SCENARIOS,
  tls: TLS_SCENARIOS,
  tcp: TCP_SCENARIOS,
  udp: UDP_SCENARIOS,
  websocket: WEBSOCKET_SCENARIOS,
  idle: IDLE_SCENARIOS,
};
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.cache', 'bench');

const USAGE = `npm run bench -- SUITE [options]

Suites: ${Object.keys(SUITES).join(', ')}, control (with options of its own: control --help)

  --only NAME,…      only these scenarios; the results of the others are kept
  --rounds N         rounds per scenario (default 5)
  --seconds N        seconds of load per sample (default 4)
  --connections N    how many the scenarios of idle connections hold open (default 10000)
  --skip NAME,…      leave these proxies or rows out (sluice, nginx, haproxy, envoy, "nginx again")
  --also NAME=CMD    compare one more proxy; CMD may hold {port} and {backend}
  --checkout NAME=FOLDER  compare another commit of Sluice, with its packages installed
  --write            put the tables into docs/performance.md
`;

interface Options {
  readonly suite: string;
  readonly scenarios: readonly Scenario[];
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly skip: readonly string[];
  readonly also: readonly string[];
  readonly checkouts: readonly string[];
  readonly write: boolean;
}

const list = (text: string | undefined): string[] => text?.split(',').filter((name) => name !== '') ?? [];

/** `help`, or an error message. Throws for an unknown option. */
function readOptions(): Options | string {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '4' },
      connections: { type: 'string', default: '10000' },
      skip: { type: 'string' },
      also: { type: 'string', multiple: true, default: [] },
      checkout: { type: 'string', multiple: true, default: [] },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const suite = positionals[0] ?? '';
  const all = SUITES[suite];
  if (all === undefined || positionals.length !== 1) return `no suite "${positionals.join(' ')}"`;
  const only = list(values.only);
  const unknown = only.find((name) => !all.some((scenario) => scenario.name === name));
  if (unknown !== undefined) {
    return `no scenario "${unknown}"; ${suite} has ${all.map(({ name }) => name).join(', ')}`;
  }
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
  const connections = Number(values.connections);
  if (!(rounds >= 1 && seconds >= 1 && connections >= 1)) {
    return '--rounds, --seconds and --connections take a number of at least 1';
  }
  const scenarios = only.length === 0 ? all : all.filter(({ name }) => only.includes(name));
  return {
    suite,
    scenarios,
    rounds,
    seconds,
    connections,
    skip: list(values.skip),
    also: values.also,
    checkouts: values.checkout,
    write: values.write,
  };
}

async function findPeers(options: Options): Promise<{ peers: Peer[]; absent: string[] }> {
  const makers = { nginx: nginxPeer, haproxy: haproxyPeer, envoy: envoyPeer };
  const peers: Peer[] = options.skip.includes('sluice') ? [] : [sluicePeer];
  const absent: string[] = [];
  for (const name of ['nginx', 'haproxy', 'envoy'] as const) {
    if (options.skip.includes(name)) continue;
    const tool = await findTool(name, folder);
    if (typeof tool === 'string') absent.push(tool);
    else peers.push(makers[name](tool));
  }
  return {
    peers: [...peers, ...options.checkouts.map(checkoutPeer), ...options.also.map(customPeer)],
    absent,
  };
}

async function need(name: ToolName): Promise<Tool> {
  const tool = await findTool(name, folder);
  if (typeof tool === 'string') throw new Error(tool);
  return tool;
}

async function runScenario(
  scenario: Scenario,
  options: Options,
  peers: readonly Peer[],
  context: LoadContext,
): Promise<ScenarioResult> {
  const certificate = await makeCertificate(folder);
  const backend = await startBackend(backendOf(scenario.service), await need('nginx'), folder);
  try {
    const rows = await runBatch(scenario, {
      peers,
      backendPort: backend.port,
      certificate,
      skip: options.skip,
      rounds: options.rounds,
      context,
      onSample: (label, round, { value }) => {
        console.error(`${scenario.name} round ${round + 1}: ${label} ${value.toFixed(1)} ${scenario.unit}`);
      },
    });
    const { name, title, unit, goals } = scenario;
    const conditions =
      typeof scenario.conditions === 'string' ? scenario.conditions : scenario.conditions(context);
    const rounds = scenario.rounds ?? options.rounds;
    const date = new Date().toISOString().slice(0, 10);
    return { name, title, conditions, unit, goals, rows, date, rounds, seconds: options.seconds };
  } finally {
    await backend.stop();
  }
}

async function runScenarios(options: Options, peers: readonly Peer[]): Promise<ScenarioResult[]> {
  const [wrk, h2load] = [await need('wrk'), await need('h2load')];
  const { seconds, connections } = options;
  const results: ScenarioResult[] = [];
  for (const scenario of options.scenarios) {
    const context = { wrk, h2load, seconds, idleConnections: connections, folder };
    const result = await runScenario(scenario, options, peers, context);
    results.push(result);
    console.log(`\n${scenarioTable(result)}\n`);
  }
  return results;
}

/** What earlier runs of the suite on this machine left. */
function readResults(file: string): readonly ScenarioResult[] {
  if (!existsSync(file)) return [];
  return (JSON.parse(readFileSync(file, 'utf8')) as SuiteResult).scenarios;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  if (typeof options === 'string') {
    console.error(`${options}\n\n${USAGE}`);
    return 2;
  }
  mkdirSync(join(folder, 'results'), { recursive: true });
  const { peers, absent } = await findPeers(options);
  for (const reason of absent) console.error(`left out: ${reason}`);
  const versions: Record<string, string> = {};
  for (const peer of peers) versions[peer.name] = await peer.version();
  const { suite } = options;
  const file = join(folder, 'results', `${suite}.json`);
  const order = SUITES[suite]?.map(({ name }) => name) ?? [];
  const scenarios = mergeScenarios(order, readResults(file), await runScenarios(options, peers));
  const result: SuiteResult = { suite, machine: describeMachine(), versions, absent, scenarios };
  writeFileSync(file, JSON.stringify(result, null, 2));
  if (options.write) await writeSection(join(root, 'docs', 'performance.md'), suite, suiteReport(result));
  return 0;
}

const isUsageError = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');

try {
  const [, , suite, ...rest] = process.argv;
  process.exitCode = await (suite === 'control' ? benchControl(rest, folder) : main());
} catch (error) {
  if (!isUsageError(error)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
