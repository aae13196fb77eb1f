/** Pages that teach name only what exists: options, reason codes, findings, fields, metrics, files; their manifests are clean. */
import assert from 'node:assert/strict';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { checkPaths } from '../../src/report/check/report.ts';
import { codeBlocks, inlineCode } from '../support/markdown.ts';
import { CODES, isChartValue, isDashedName, isField, isName, METRICS, OPTIONS, ROOT } from './vocabulary.ts';

const PAGES = [
  'README.md',
  ...globSync(['docs/{README,troubleshooting}.md', 'docs/{start,concepts,how-to}/*.md'], { cwd: ROOT }),
].toSorted();

/** Pages that name what belongs to others, beside ours, as code. */
const NAMES_OF_OTHERS = ['docs/how-to/ingress-nginx.md'];

/** Code in prose that has the form of a name of ours and is none. */
const FOREIGN = new Set<string>(['--no-gates', '--resolve']);

const ALL_OPTIONS = new Set([...OPTIONS.values()].flatMap((options) => [...options]));

const metricsIn = (text: string): string[] =>
  [...text.matchAll(/\bsluice_[a-z_]+[a-z]\b/gu)].map(([name]) =>
    name.replace(/_(?:bucket|sum|count)$/u, ''),
  );

const isFileName = (text: string): boolean =>
  /\.(?:yaml|md|json|crt|key|ts|example|com|net|internal|svc|service)$/u.test(text);

/** The words among code in prose that look like a name of ours and are unknown. */
function unknownWords(page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  /** Names that the page itself gives to things. */
  const own = codeBlocks(text)
    .map(({ code }) => code)
    .join('\n');
  return inlineCode(text).filter((word) => {
    if (FOREIGN.has(word)) return false;
    if (/^--[a-z-]+$/u.test(word)) return !ALL_OPTIONS.has(word);
    if (NAMES_OF_OTHERS.includes(page)) return false;
    if (/^sluice_/u.test(word)) return false;
    if (/^[a-z]+(?:_[a-z0-9]+)+$/u.test(word)) return !CODES.has(word);
    if (/^[a-z]+(?:-[a-z]+)+$/u.test(word)) return !isDashedName(word) && !own.includes(word);
    if (/^[a-z]\w*(?:\[\])?(?:\.\w+(?:\[\])?)+$/u.test(word)) return !isFileName(word) && !isField(word);
    if (/^[a-z]+[A-Z]\w*$/u.test(word)) return !isField(word);
    if (/^[A-Z]\w*[a-z]\w*$/u.test(word)) return !isName(word);
    return false;
  });
}

/** Options in commands that the command does not have. */
function unknownOptions(code: string): string[] {
  const commands = code.matchAll(
    /(?:bin\/|^|\s)sluice (run|check|explain|status|echo|cert|version)\b([^|\n]*)/gu,
  );
  return [...commands].flatMap(([, command = '', rest = '']) =>
    [...rest.matchAll(/(?<=\s)--[a-z-]+/gu)]
      .map(([option]) => option)
      .filter((option) => OPTIONS.get(command)?.has(option) !== true)
      .map((option) => `sluice ${command} ${option}`),
  );
}

/** Files of the repository that commands name and that do not exist, and values that the chart does not have. */
function unknownTargets(code: string): string[] {
  const files = [...code.matchAll(/(?<=[\s=])(?:charts|deploy|examples|conformance)\/[\w./-]*/gu)];
  const values = [...code.matchAll(/--set(?:-string)? (\S+?)=/gu)];
  return [
    ...files
      .map(([file]) => file)
      .filter((file) => !file.includes('/certs') && !existsSync(join(ROOT, file))),
    ...values
      .map(([, path = '']) => path.replaceAll(/\[\d+\]|\{/gu, ''))
      .filter((path) => !isChartValue(path)),
  ];
}

/** Errors of `sluice check` in the manifests of a page, each read by itself: authorities are elsewhere. */
function manifestErrors(page: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-guides-'));
  try {
    return codeBlocks(readFileSync(join(ROOT, page), 'utf8'))
      .filter(({ language, code }) => language === 'yaml' && /^apiVersion:/mu.test(code))
      .flatMap(({ code }, index) => {
        const file = join(folder, `${String(index)}.yaml`);
        writeFileSync(file, code);
        const { problems } = checkPaths([file], {
          assumeExisting: true,
          ignore: ['no-valid-ca-certificate'],
        });
        return problems
          .filter(({ severity }) => severity === 'error')
          .map((problem) => `${problem.code}: ${problem.message}\n${code}`);
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const page of PAGES) {
  suite(page, () => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const code = codeBlocks(text)
      .map((block) => block.code)
      .join('\n');

    test('names only options, codes, fields and kinds that there are', () => {
      assert.deepEqual(unknownWords(page), []);
    });

    test('names only metrics that there are', () => {
      assert.deepEqual(
        metricsIn(text).filter((name) => !METRICS.has(name)),
        [],
      );
    });

    test('has commands with options, files and chart values that there are', () => {
      assert.deepEqual([...unknownOptions(code), ...unknownTargets(code)], []);
    });

    test('has manifests in which check finds no error', () => {
      assert.deepEqual(manifestErrors(page), []);
    });
  });
}
