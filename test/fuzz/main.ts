/**
 * `npm run fuzz`: fuzzes all parsers for a long time. Prints the number of inputs of each target, and for a failure how to reproduce it. The
 * exit code is 1 after a failure.
 *
 *   npm run fuzz                                      every parser, 1,000,000 inputs each
 *   npm run fuzz -- --minutes 30                      every parser, for as long together
 *   npm run fuzz -- hpack http2-server --inputs 10000000 --seed 7
 *   npm run fuzz -- hpack --seed 7 --first 4711 --inputs 1     one input again
 */
import { parseArgs } from 'node:util';
import { fuzzInThread } from './thread.ts';
import { TARGETS } from './targets.ts';

const DEFAULT_INPUTS = '1000000';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    first: { type: 'string', default: '0' },
  },
});

const known = TARGETS.map(({ name }) => name);
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0) throw new Error(`no target ${unknown.join(', ')}; there are ${known.join(', ')}`);

const targets = positionals.length === 0 ? known : positionals;
const inputs = Number(values.inputs ?? (values.minutes === undefined ? DEFAULT_INPUTS : 'Infinity'));
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const first = Number(values.first);
const limitMs = (Number(values.minutes ?? 'Infinity') * 60_000) / targets.length;
console.log(`seed ${String(seed)}`);

for (const target of targets) {
  const startedMs = performance.now();
  const { finding, ...result } = await fuzzInThread(target, {
    seed,
    first,
    inputs,
    limitMs,
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  const rate = Math.round(result.inputs / seconds);
  const memory = `heap ${(result.grownBytes / 1_048_576).toFixed(1)} MiB`;
  console.log(`${target.padEnd(16)} ${String(result.inputs)} inputs, ${String(rate)} a second, ${memory}`);
  if (finding === null) continue;
  process.exitCode = 1;
  console.log(`  ${finding.detail}`);
  console.log(`  reads: ${finding.reads.join(' ')}`);
  const again = `--seed ${String(seed)} --first ${String(finding.index)} --inputs 1`;
  console.log(`  again: npm run fuzz -- ${target} ${again}`);
}
