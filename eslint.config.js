/** The house rules. The import law itself is the table in scripts/lint/import-law.ts. */
import boundaries from 'eslint-plugin-boundaries';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { importX } from 'eslint-plugin-import-x';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { boundariesOptions, boundariesSettings } from './scripts/lint/boundaries.ts';
import { LAYERS } from './scripts/lint/import-law.ts';
import { suppressionNeedsReason } from './scripts/lint/suppression-needs-reason.ts';

const TESTS = ['**/*.test.ts', 'test/**/*.ts'];
const pureFolders = LAYERS.filter((layer) => layer.pure).map((layer) => layer.folder);

const NO_EXPORT_ALL = {
  selector: 'ExportAllDeclaration',
  message: 'No barrels: import from the file that defines the name.',
};

const NO_CLOCK_NO_CHANCE = [
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: 'A pure layer has no clock: take the time as an argument.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'A pure layer has no clock: take the time as an argument.',
  },
  {
    selector: "CallExpression[callee.name='Date']",
    message: 'A pure layer has no clock: take the time as an argument.',
  },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: 'A pure layer has no randomness: take a number as an argument.',
  },
];

/** The command line, its output, and what starts worker processes. */
const ABOUT_PROCESSES = ['src/cli/**', 'src/supervisor/**', 'src/echo/process.ts', 'src/report/terminal.ts'];

export default defineConfig(
  { ignores: ['node_modules/', 'dist/', 'coverage/', '.cache/', 'src/gatewayapi/generated/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  { files: ['**/*.ts'], extends: [tseslint.configs.strictTypeChecked] },
  {
    files: ['**/*.ts'],
    plugins: {
      boundaries,
      'import-x': importX,
      sluice: { rules: { 'suppression-needs-reason': suppressionNeedsReason } },
    },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    settings: {
      ...boundariesSettings,
      'import-x/resolver-next': [createTypeScriptImportResolver({ project: 'tsconfig.json' })],
    },
    rules: {
      'boundaries/dependencies': ['error', boundariesOptions],
      'boundaries/no-unknown-files': 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-default-export': 'error',
      'sluice/suppression-needs-reason': 'error',

      'max-lines': ['error', { max: 500 }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/max-params': ['error', { max: 4 }],
      complexity: ['error', { max: 15, variant: 'modified' }],

      eqeqeq: 'error',
      'no-restricted-syntax': ['error', NO_EXPORT_ALL],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          // The runner awaits these itself.
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] },
          ],
        },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**', '**/*.test.ts'],
    rules: { 'no-console': 'error' },
  },
  {
    files: ['src/**/*.ts'],
    ignores: [...ABOUT_PROCESSES, '**/*.test.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'Only the command line and what runs processes know `process`.' },
      ],
    },
  },
  {
    files: pureFolders.map((folder) => `${folder}/**/*.ts`),
    ignores: ['**/*.test.ts'],
    rules: { 'no-restricted-syntax': ['error', NO_EXPORT_ALL, ...NO_CLOCK_NO_CHANCE] },
  },
  {
    files: TESTS,
    rules: { 'max-lines-per-function': 'off' },
  },
);
