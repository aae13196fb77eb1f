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

export const LAYERS: readonly Layer[] = [
  pure('src/lib', []),
  pure('src/gatewayapi', ['src/lib'], ['@bufbuild/cel', 're2js']),
  pure('src/ir', ['src/lib']),
  pure('src/translator', ['src/gatewayapi', 'src/ir', 'src/lib']),
  {
    folder: 'src/kubeapi',
    layers: ['src/lib', 'src/telemetry'],
    packages: ['yaml'],
    builtins: ['*'],
    pure: false,
  },
  {
    folder: 'src/provider',
    layers: ['src/gatewayapi', 'src/kubeapi', 'src/lib', 'src/telemetry'],
    packages: ['yaml'],
    builtins: ['*'],
    pure: false,
  },
  {
    folder: 'src/controller',
    layers: [
      'src/provider',
      'src/translator',
      'src/configsync',
      'src/infrastructure',
      'src/gatewayapi',
      'src/ir',
      'src/lib',
      'src/telemetry',
    ],
    packages: [],
    builtins: ['*'],
    pure: false,
  },
  {
    folder: 'src/configsync',
    layers: ['src/ir', 'src/lib', 'src/telemetry'],
    packages: [],
    builtins: ['*'],
    pure: false,
  },
  {
    folder: 'src/infrastructure',
    layers: ['src/ir', 'src/kubeapi', 'src/lib', 'src/telemetry'],
    packages: [],
    builtins: ['*'],
    pure: false,
  },
  pure('src/proxy/router', ['src/ir', 'src/lib'], ['re2js']),
  {
    folder: 'src/proxy',
    layers: ['src/proxy/router', 'src/ir', 'src/lib', 'src/telemetry'],
    packages: ['re2js'],
    builtins: DATA_PLANE_BUILTINS,
    pure: false,
  },
  {
    folder: 'src/telemetry',
    layers: ['src/lib'],
    packages: ['pino', 'prom-client'],
    builtins: ['*'],
    pure: false,
  },
  {
    folder: 'src/admin',
    layers: ['src/ir', 'src/lib', 'src/telemetry'],
    packages: [],
    builtins: ['*'],
    pure: false,
  },
  {
    folder: 'src/cli',
    layers: [
      'src/lib',
      'src/gatewayapi',
      'src/ir',
      'src/translator',
      'src/provider',
      'src/controller',
      'src/configsync',
      'src/infrastructure',
      'src/kubeapi',
      'src/proxy/router',
      'src/proxy',
      'src/telemetry',
      'src/admin',
    ],
    packages: ['@peculiar/x509', 'commander', 'picocolors', 'reflect-metadata', 'ws', 'yaml'],
    builtins: ['*'],
    pure: false,
  },
];

/** Folders outside the product: they may import every layer, every declared package and each other's support code. */
export const AROUND = ['test', 'bench', 'scripts'] as const;

/** What a unit test beside the code may import besides its layer's row. */
export const UNIT_TEST = {
  folders: ['test/support'],
  packages: ['fast-check', 'ws', 'yaml'],
  builtins: ['*'],
};
