/** Turns the import law into settings and policies of eslint-plugin-boundaries. */
import { AROUND, LAYERS, UNIT_TEST, type Layer } from './import-law.ts';

const nodeModules = (names: readonly string[]): string[] =>
  names.flatMap((name) => (name === '*' ? ['node:*', 'node:*/*'] : [`node:${name}`]));

/** Element descriptors, most specific folder first: `src/proxy/router` is not `src/proxy`. */
export const boundariesSettings = {
  'boundaries/elements': [...LAYERS.map((layer) => layer.folder), ...AROUND]
    .sort((a, b) => b.length - a.length)
    .map((folder) => ({ type: folder, pattern: folder, partialMatch: false })),
  'boundaries/files': [{ pattern: '**/*.test.ts', category: 'unit-test' }],
  'boundaries/elements-single-match': true,
  'import/resolver': { typescript: { project: 'tsconfig.json' } },
};

/**
 * Allows for one group of importing files. Imports inside an element need no allow.
 * A list that is empty must give no policy: an empty pattern list would match everything.
 */
function allows(
  from: object,
  folders: readonly string[],
  packages: readonly string[],
  builtins: readonly string[],
): object[] {
  const policies: object[] = [];
  if (folders.length > 0) policies.push({ from, allow: { to: { element: { type: folders } } } });
  if (packages.length > 0) {
    policies.push({ from, allow: { to: { module: { origin: 'external', source: packages } } } });
  }
  if (builtins.length > 0) {
    // By the import's own text: `node:test` has no unprefixed name, so the plugin would call it a package.
    policies.push({ from, allow: { dependency: { source: nodeModules(builtins) } } });
  }
  return policies;
}

function layerPolicies(layer: Layer): object[] {
  const element = { type: layer.folder };
  return [
    ...allows({ element }, layer.layers, layer.packages, layer.builtins),
    ...allows({ element, file: { categories: 'unit-test' } }, [], UNIT_TEST.packages, UNIT_TEST.builtins),
    {
      from: { element, file: { categories: 'unit-test' } },
      allow: { to: { file: { path: UNIT_TEST.folders.map((folder) => `${folder}/**`) } } },
    },
  ];
}

const aroundPolicies = AROUND.flatMap((folder) =>
  allows({ element: { type: folder } }, [...LAYERS.map((layer) => layer.folder), ...AROUND], ['**'], ['*']),
);

/** Options of the rule `boundaries/dependencies`. */
export const boundariesOptions = {
  default: 'disallow',
  checkAllOrigins: true,
  message: '{{from.element.types}} may not import {{dependency.source}} (the table in ARCHITECTURE.md)',
  policies: [
    ...LAYERS.flatMap(layerPolicies),
    ...aroundPolicies,
    // A unit test is no module: nothing imports it.
    { disallow: { to: { file: { categories: 'unit-test' } } } },
  ],
};
