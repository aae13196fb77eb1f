/** The import law bites: each forbidden import is refused by the very configuration that `npm run lint` uses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

// Virtual files belong to no TypeScript project, so rules that need types are off here; the law needs none.
const eslint = new ESLint({ overrideConfig: [tseslint.configs.disableTypeChecked], cache: false });

async function rulesBrokenBy(filePath: string, code: string): Promise<readonly string[]> {
  const [result] = await eslint.lintText(code, { filePath });
  assert.ok(result, `${filePath} is ignored by the linter`);
  const fatal = result.messages.find((message) => message.fatal);
  assert.equal(fatal, undefined, fatal?.message);
  return result.messages.map((message) => message.ruleId ?? 'none');
}

interface Case {
  readonly file: string;
  readonly code: string;
}

const LAW = 'boundaries/dependencies';

const FORBIDDEN: readonly Case[] = [
  // The two halves meet in the contract only; types and re-exports count.
  { file: 'src/proxy/x.ts', code: "import '../translator/types.ts';" },
  { file: 'src/proxy/x.ts', code: "import type { A } from '../translator/types.ts'; export type B = A;" },
  { file: 'src/proxy/x.ts', code: "export type { A } from '../gatewayapi/snapshot.ts';" },
  { file: 'src/proxy/x.test.ts', code: "import '../translator/types.ts';" },
  { file: 'src/translator/x.ts', code: "import '../proxy/router/request-view.ts';" },
  { file: 'src/gatewayapi/x.ts', code: "import '../ir/route.ts';" },
  { file: 'src/admin/x.ts', code: "import '../supervisor/supervisor.ts';" },
  { file: 'src/controller/x.ts', code: "import '../admin/server.ts';" },
  // Inside the data plane, too, imports go one way.
  { file: 'src/proxy/net/x.ts', code: "import '../message/head.ts';" },
  { file: 'src/proxy/message/x.ts', code: "import '../h2/frame.ts';" },
  { file: 'src/proxy/net/x.ts', code: "import '../router/router.ts';" },
  { file: 'src/proxy/h1/x.ts', code: "import '../h2/frame.ts';" },
  { file: 'src/proxy/h2/x.ts', code: "import '../h1/request-head.ts';" },
  { file: 'src/proxy/l4/x.ts', code: "import '../h1/request-head.ts';" },
  { file: 'src/proxy/upstream/x.ts', code: "import '../exchange/exchange.ts';" },
  { file: 'src/proxy/exchange/x.ts', code: "import '../port/bound-port.ts';" },
  // Pure layers see neither Node nor packages.
  { file: 'src/translator/x.ts', code: "import 'node:fs';" },
  { file: 'src/translator/x.ts', code: "import type { A } from 'node:fs'; export type B = A;" },
  { file: 'src/translator/x.ts', code: "export const a = await import('node:fs');" },
  { file: 'src/translator/x.ts', code: "import 'yaml';" },
  { file: 'src/lib/x.ts', code: "import '../ir/route.ts';" },
  { file: 'src/ir/x.ts', code: "import 're2js';" },
  { file: 'src/proxy/router/x.ts', code: "import 'node:net';" },
  // The data plane loads little, and never Node's own HTTP.
  { file: 'src/proxy/x.ts', code: "import 'pino';" },
  { file: 'src/proxy/x.ts', code: "import 'node:http';" },
  { file: 'src/proxy/x.ts', code: "import 'node:cluster';" },
  // The product imports no tests, scripts or benchmarks, and no module imports a test.
  { file: 'src/lib/x.ts', code: "import '../../scripts/lint/import-law.ts';" },
  { file: 'test/x.ts', code: "import '../scripts/lint/import-law.test.ts';" },
];

const ALLOWED: readonly Case[] = [
  { file: 'src/proxy/x.ts', code: "import '../ir/route.ts'; import 'node:net'; import 'node:dns/promises';" },
  { file: 'src/proxy/x.ts', code: "import './router/request-view.ts';" },
  { file: 'src/proxy/router/x.ts', code: "import '../../ir/route.ts'; import 're2js';" },
  { file: 'src/translator/x.ts', code: "import '../gatewayapi/snapshot.ts'; import './types.ts';" },
  { file: 'src/translator/x.test.ts', code: "import 'node:test'; import 'fast-check';" },
  { file: 'src/provider/file/x.ts', code: "import 'yaml'; import 'node:fs/promises';" },
  { file: 'src/cli/x.ts', code: "import 'commander'; import '../translator/types.ts'; process.exit();" },
  { file: 'test/e2e/x.ts', code: "import 'ws'; import 'node:net'; import '../../src/ir/route.ts';" },
];

const HOUSE: readonly (Case & { readonly breaks: string })[] = [
  { file: 'src/somewhere/x.ts', code: 'export const a = 1;', breaks: 'boundaries/no-unknown-files' },
  { file: 'src/lib/x.ts', code: 'Date.now();', breaks: 'no-restricted-syntax' },
  { file: 'src/ir/x.ts', code: 'Math.random();', breaks: 'no-restricted-syntax' },
  { file: 'src/translator/x.ts', code: 'export const a = new Date();', breaks: 'no-restricted-syntax' },
  { file: 'src/lib/x.ts', code: "export * from './y.ts';", breaks: 'no-restricted-syntax' },
  { file: 'src/lib/x.ts', code: 'export default 1;', breaks: 'import-x/no-default-export' },
  { file: 'src/proxy/x.ts', code: 'process.exit();', breaks: 'no-restricted-globals' },
  { file: 'src/proxy/x.ts', code: "console.log('x');", breaks: 'no-console' },
  {
    file: 'src/lib/x.ts',
    code: '// eslint-disable-next-line eqeqeq\nexport const a = 1 == 2;',
    breaks: 'sluice/suppression-needs-reason',
  },
];

for (const { file, code } of FORBIDDEN) {
  test(`refused in ${file}: ${code}`, async () => {
    assert.deepEqual(await rulesBrokenBy(file, code), [LAW]);
  });
}

for (const { file, code } of ALLOWED) {
  test(`allowed in ${file}: ${code}`, async () => {
    assert.deepEqual(await rulesBrokenBy(file, code), []);
  });
}

for (const { file, code, breaks } of HOUSE) {
  test(`${breaks} in ${file}: ${code}`, async () => {
    assert.deepEqual(await rulesBrokenBy(file, code), [breaks]);
  });
}
