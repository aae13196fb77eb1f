/**
 * The import law: which layer may import what. Default deny; type-only imports, npm packages and `node:*` count too.
 * ARCHITECTURE.md shows this table (`npm run docs` writes it) and eslint.config.js enforces it.
 */

export interface Layer {
  /** Folder from the root of the repository; a nested folder is a layer of its own and leaves its parent. */
  readonly folder: string;
  /** What lives there, as ARCHITECTURE.md shows it. */
  readonly purpose: string;
  /** Folders of the layers it may import. Its own folder is always allowed. */
  readonly layers: readonly string[];
  readonly packages: readonly string[];
  /** Modules of Node (`*` = all), without `node:`. Empty in a pure layer. */
  readonly builtins: readonly string[];
  /** Compiled without Node's types, and without clock or randomness. */
  readonly pure: boolean;
}

/** What a data plane may touch of Node: sockets, resolver, cryptography, compression, files, timers. Never `http`, `http2`, `cluster`. */
const DATA_PLANE_BUILTINS = [
  'buffer',
  'child_process',
  'crypto',
  'dgram',
  'dns',
  'dns/promises',
  'events',
  'fs',
  'net',
  'os',
  'path',
  'perf_hooks',
  'stream',
  'timers',
  'tls',
  'url',
  'zlib',
];

const pure = (
  folder: string,
  purpose: string,
  layers: readonly string[],
  packages: readonly string[] = [],
): Layer => ({
  folder,
  purpose,
  layers,
  packages,
  builtins: [],
  pure: true,
});

/** A layer that may use all of Node. */
const layer = (
  folder: string,
  purpose: string,
  layers: readonly string[],
  packages: readonly string[] = [],
): Layer => ({ folder, purpose, layers, packages, builtins: ['*'], pure: false });

/** A layer of the data plane. */
const dataPlane = (folder: string, purpose: string, layers: readonly string[]): Layer => ({
  folder,
  purpose,
  layers,
  packages: [],
  builtins: DATA_PLANE_BUILTINS,
  pure: false,
});

const proxyLayers = (...names: readonly string[]): string[] => names.map((name) => `src/proxy/${name}`);

/** The data plane's own folders, from the bottom up. */
const PROXY_LAYERS: readonly Layer[] = [
  pure('src/proxy/router', "the data plane's `match`, without sockets", ['src/ir', 'src/lib'], ['re2js']),
  dataPlane('src/proxy/net', 'sockets, TLS, PROXY protocol, timers: bytes in and out', ['src/ir', 'src/lib']),
  dataPlane('src/proxy/message', 'heads, header fields, bodies, trailers: what both versions of HTTP share', [
    ...proxyLayers('net', 'router'),
    'src/ir',
    'src/lib',
  ]),
  dataPlane('src/proxy/h1', 'the HTTP/1.1 engine, both sides', [
    ...proxyLayers('message', 'net', 'router'),
    'src/ir',
    'src/lib',
  ]),
  dataPlane('src/proxy/h2', 'the HTTP/2 engine, both sides, and HPACK', [
    ...proxyLayers('message', 'net', 'router'),
    'src/ir',
    'src/lib',
  ]),
  dataPlane('src/proxy/grpc-web', 'gRPC-Web in, gRPC out', [...proxyLayers('message'), 'src/ir']),
  pure('src/proxy/limits', 'limits that workers share: the ledger of a proxy, and leases from it', [
    'src/ir',
    'src/lib',
  ]),
  dataPlane('src/proxy/upstream', 'clusters: endpoints, pools, balancers, health, circuit breakers', [
    ...proxyLayers('h1', 'h2', 'limits', 'message', 'net'),
    'src/ir',
    'src/lib',
    'src/telemetry',
  ]),
  dataPlane('src/proxy/l4', 'TCP and UDP relays', [
    ...proxyLayers('message', 'net', 'upstream'),
    'src/ir',
    'src/lib',
  ]),
  dataPlane(
    'src/proxy/exchange',
    'one request and its response: filters, dispatch, deadlines, retries, observers',
    [...proxyLayers('message', 'net', 'router', 'upstream'), 'src/ir', 'src/lib', 'src/telemetry'],
  ),
  dataPlane('src/proxy/filter', 'the filters of routes', [
    ...proxyLayers('exchange', 'limits', 'message', 'net', 'router', 'upstream'),
    'src/credentials',
    'src/ir',
    'src/lib',
  ]),
  dataPlane('src/proxy/runtime', 'a configuration compiled for use', [
    ...proxyLayers('exchange', 'filter', 'l4', 'limits', 'message', 'net', 'router', 'upstream'),
    'src/credentials',
    'src/ir',
    'src/lib',
    'src/telemetry',
  ]),
  dataPlane('src/proxy/port', 'bound ports and what serves each', [
    ...proxyLayers('exchange', 'grpc-web', 'h1', 'h2', 'l4', 'message', 'net', 'runtime'),
    'src/ir',
    'src/lib',
    'src/telemetry',
  ]),
];
const PROXY_FOLDERS = PROXY_LAYERS.map(({ folder }) => folder);

/** Everything but what serves people and processes. */
const CONTROL_PLANE = [
  'src/provider',
  'src/translator',
  'src/configsync',
  'src/infrastructure',
  'src/kubeapi',
  'src/gatewayapi',
  'src/ir',
  'src/lib',
  'src/telemetry',
];

export const LAYERS: readonly Layer[] = [
  pure('src/lib', 'small helpers, one concept a file; there is no utils.ts', []),
  pure(
    'src/gatewayapi',
    'the input model: types and validation data generated from the CRDs, schema and CEL validation, snapshot',
    ['src/lib'],
    ['@bufbuild/cel', 're2js'],
  ),
  pure('src/ir', 'the contract with the data plane: `GatewayConfig` and all it holds; no Kubernetes type', [
    'src/lib',
  ]),
  pure(
    'src/translator',
    '`graph/` links and validates, `policy/` holds policies, `lower/` graph to IR, `status/` graph to conditions',
    ['src/gatewayapi', 'src/ir', 'src/lib'],
  ),
  layer(
    'src/telemetry',
    'the port `Logger`, its adapters, and metrics',
    ['src/lib'],
    ['pino', 'prom-client'],
  ),
  layer(
    'src/kubeapi',
    "the Kubernetes API over HTTPS: requests, list and watch, election; nothing of a kind's meaning",
    ['src/lib', 'src/telemetry'],
    ['yaml'],
  ),
  layer(
    'src/provider',
    'where resources come from and status goes: `file/`, `kubernetes/`',
    ['src/gatewayapi', 'src/kubeapi', 'src/lib', 'src/telemetry'],
    ['yaml'],
  ),
  layer('src/configsync', 'controller to proxy: snapshot, endpoint deltas, acks', [
    'src/ir',
    'src/lib',
    'src/telemetry',
  ]),
  layer('src/infrastructure', 'what a Gateway needs to run', [
    'src/ir',
    'src/kubeapi',
    'src/lib',
    'src/telemetry',
  ]),
  layer(
    'src/certificates',
    'authorities and certificates for development, and their files',
    ['src/lib'],
    ['@peculiar/x509', 'reflect-metadata', 'yaml'],
  ),
  layer(
    'src/credentials',
    'tokens, key sets and passwords: how they are fetched and verified',
    ['src/ir', 'src/lib', 'src/telemetry'],
    ['bcryptjs', 'jose'],
  ),
  ...PROXY_LAYERS,
  dataPlane('src/proxy', 'the data plane put together: `proxy.ts` and its API', [
    ...PROXY_FOLDERS,
    'src/credentials',
    'src/ir',
    'src/lib',
    'src/telemetry',
  ]),
  layer('src/access-log', 'the access log: records to lines', [
    'src/proxy/exchange',
    'src/proxy/message',
    'src/ir',
    'src/lib',
    'src/telemetry',
  ]),
  layer('src/controller', 'the reconcile loop, and in Kubernetes identities, provisioning, followers', [
    ...CONTROL_PLANE,
    'src/certificates',
    'src/proxy/router',
  ]),
  layer(
    'src/admin',
    'the read model and its API, events, health, metrics, configuration dump, findings, explanations',
    ['src/controller', 'src/access-log', 'src/proxy', ...PROXY_FOLDERS, ...CONTROL_PLANE],
    ['yaml'],
  ),
  layer('src/supervisor', 'worker processes: start, watch, configure, replace; ports; statistics', [
    'src/admin',
    'src/controller',
    'src/access-log',
    'src/proxy',
    ...PROXY_FOLDERS,
    'src/credentials',
    ...CONTROL_PLANE,
  ]),
  layer(
    'src/echo',
    'the echo backend of `sluice echo` and `--echo`',
    ['src/certificates', 'src/provider', 'src/gatewayapi', 'src/lib', 'src/telemetry'],
    ['ws'],
  ),
  {
    folder: 'src/report',
    purpose: 'what people read at a terminal: text, tables, verdicts',
    layers: [
      'src/admin',
      'src/controller',
      'src/proxy/router',
      'src/provider',
      'src/translator',
      'src/gatewayapi',
      'src/ir',
      'src/lib',
    ],
    packages: ['picocolors'],
    builtins: [],
    pure: false,
  },
  layer(
    'src/cli',
    'composition roots: commands and their options; wires the rest',
    [
      'src/report',
      'src/supervisor',
      'src/echo',
      'src/admin',
      'src/controller',
      'src/certificates',
      'src/proxy/router',
      ...CONTROL_PLANE,
    ],
    ['commander', 'yaml'],
  ),
];

/** Folders outside the product: they may import every layer, every declared package and each other's support code. */
export const AROUND = ['test', 'bench', 'scripts'] as const;

/** What a unit test beside the code may import besides its layer's row. */
export const UNIT_TEST = {
  folders: ['test/support'],
  packages: ['fast-check', 'ws', 'yaml'],
  builtins: ['*'],
};
