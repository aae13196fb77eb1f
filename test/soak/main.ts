/**
 * `npm run soak`: a steady load over HTTP/1.1, HTTP/2 and gRPC while backends do all that backends do wrong, at once. The exit code is 1
 * when a request failed that a retry was allowed to cure, or a worker did.
 *
 *   npm run soak                              five minutes
 *   npm run soak -- --minutes 60 --rate 500 --seed 7
 *   npm run soak -- --no-retries              the same without retries: what they are worth
 */
import { parseArgs } from 'node:util';
import { inWords } from './report.ts';
import { soak } from './run.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    rate: { type: 'string', default: '200' },
    seed: { type: 'string' },
    'no-retries': { type: 'boolean', default: false },
  },
});

/** Above 0, or the mistake in words. */
function positive(name: 'minutes' | 'rate'): number {
  const value = Number(values[name]);
  if (!(value > 0 && Number.isFinite(value)))
    throw new Error(`--${name} ${values[name]}: write a number above 0`);
  return value;
}

const soaked = await soak({
  seconds: positive('minutes') * 60,
  rate: positive('rate'),
  seed: Number(values.seed ?? Math.floor(Math.random() * 2 ** 31)),
  isRetried: !values['no-retries'],
});
console.log(inWords(soaked));
if (soaked.tally.count('curable') > 0 || soaked.restarts > 0) process.exitCode = 1;
