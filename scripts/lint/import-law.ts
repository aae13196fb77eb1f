/**
 * The import law: which layer may import what. Default deny; type-only imports, npm packages and `node:*` count too.
 * ARCHITECTURE.md shows this table (a test holds the two together) and eslint.config.js enforces it.
 */

export interface Layer {
  /** Folder from the root of the repository; a nested folder is a layer of its own and leaves its parent. */
  readonly folder: string;
  /** Folders of the layers it may import. Its own folder is always allowed. */
  readonly layers: readonly string[];
  readonly packages: readonly string[];
  /** Modules of Node (`*` = all), without `node:`. Empty in a pure layer. */
  readonly builtins: readonly string[];
  /** Compiled without Node's types, and without clock or randomness. */
  readonly pure: boolean;
}

/** What a data plane may touch of Node: sockets, resolver, cryptography, files, timers. Never `http`, `http2`, `cluster`. */
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
];

const pure = (folder: string, layers: readonly string[], packages: readonly string[] = []): Layer => ({
  folder,
  layers,
  packages,
  builtins: [],
  pure: true,
});

/** An impure layer. */
const layer = (
  folder: string,
  layers: readonly string[],
  builtins: readonly string[] = ['*'],
  packages: readonly string[] = [],
): Layer => ({ folder, layers, packages, builtins, pure: false });

const proxyLayers = (...names: readonly string[]): string[] => names.map((name) => `src/proxy/${name}`);

/** The data plane's own folders, from the bottom up. */
const PROXY_LAYERS: readonly Layer[] = [
  pure('src/proxy/router', ['src/ir', 'src/lib'], ['re2js']),
  layer('src/proxy/net', [...proxyLayers('router'), 'src/ir', 'src/lib'], DATA_PLANE_BUILTINS),
  layer('src/proxy/message', [...proxyLayers('net', 'router'), 'src/ir', 'src/lib'], DATA_PLANE_BUILTINS),
  layer(
    'src/proxy/h1',
    [...proxyLayers('message', 'net', 'router'), 'src/ir', 'src/lib'],
    DATA_PLANE_BUILTINS,
  ),
  layer(
    'src/proxy/h2',
    [...proxyLayers('h1', 'message', 'net', 'router'), 'src/ir', 'src/lib'],
    DATA_PLANE_BUILTINS,
  ),
  layer('src/proxy/grpc-web', [...proxyLayers('message'), 'src/ir'], DATA_PLANE_BUILTINS),
  layer(
    'src/proxy/upstream',
    [...proxyLayers('h1', 'h2', 'message', 'net'), 'src/ir', 'src/lib', 'src/telemetry'],
    DATA_PLANE_BUILTINS,
  ),
  layer(
    'src/proxy/l4',
    [...proxyLayers('h1', 'message', 'net', 'upstream'), 'src/ir', 'src/lib'],
    DATA_PLANE_BUILTINS,
  ),
  layer(
    'src/proxy/exchange',
    [
      ...proxyLayers('filter', 'message', 'net', 'router', 'runtime', 'upstream'),
      'src/ir',
      'src/lib',
      'src/telemetry',
    ],
    DATA_PLANE_BUILTINS,
  ),
  layer(
    'src/proxy/filter',
    [...proxyLayers('exchange', 'message', 'net', 'router', 'runtime', 'upstream'), 'src/ir', 'src/lib'],
    DATA_PLANE_BUILTINS,
  ),
  layer(
    'src/proxy/runtime',
    [
      ...proxyLayers('exchange', 'filter', 'l4', 'message', 'net', 'router', 'upstream'),
      'src/ir',
      'src/lib',
      'src/telemetry',
    ],
    DATA_PLANE_BUILTINS,
  ),
  layer(
    'src/proxy/port',
    [
      ...proxyLayers('exchange', 'grpc-web', 'h1', 'h2', 'l4', 'message', 'net', 'runtime'),
      'src/ir',
      'src/lib',
      'src/telemetry',
    ],
    DATA_PLANE_BUILTINS,
  ),
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
  pure('src/lib', []),
  pure('src/gatewayapi', ['src/lib'], ['@bufbuild/cel', 're2js']),
  pure('src/ir', ['src/lib']),
  pure('src/translator', ['src/gatewayapi', 'src/ir', 'src/lib']),
  layer('src/telemetry', ['src/lib'], ['*'], ['pino', 'prom-client']),
  layer('src/kubeapi', ['src/lib', 'src/telemetry'], ['*'], ['yaml']),
  layer('src/provider', ['src/gatewayapi', 'src/kubeapi', 'src/lib', 'src/telemetry'], ['*'], ['yaml']),
  layer('src/configsync', ['src/ir', 'src/lib', 'src/telemetry']),
  layer('src/infrastructure', ['src/ir', 'src/kubeapi', 'src/lib', 'src/telemetry']),
  layer('src/certificates', ['src/lib'], ['*'], ['@peculiar/x509', 'reflect-metadata', 'yaml']),
  ...PROXY_LAYERS,
  layer('src/proxy', [...PROXY_FOLDERS, 'src/ir', 'src/lib', 'src/telemetry'], DATA_PLANE_BUILTINS),
  layer('src/access-log', ['src/proxy/exchange', 'src/ir', 'src/lib', 'src/telemetry']),
  layer('src/controller', [...CONTROL_PLANE, 'src/certificates', 'src/proxy/router']),
  layer(
    'src/admin',
    ['src/controller', 'src/access-log', 'src/proxy', ...PROXY_FOLDERS, ...CONTROL_PLANE],
    ['*'],
    ['yaml'],
  ),
  layer('src/supervisor', [
    'src/admin',
    'src/controller',
    'src/access-log',
    'src/proxy',
    ...PROXY_FOLDERS,
    ...CONTROL_PLANE,
  ]),
  layer(
    'src/echo',
    ['src/certificates', 'src/provider', 'src/gatewayapi', 'src/lib', 'src/telemetry'],
    ['*'],
    ['ws'],
  ),
  layer(
    'src/report',
    [
      'src/admin',
      'src/controller',
      'src/proxy/router',
      'src/provider',
      'src/translator',
      'src/gatewayapi',
      'src/ir',
      'src/lib',
    ],
    [],
    ['picocolors'],
  ),
  layer(
    'src/cli',
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
    ['*'],
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
