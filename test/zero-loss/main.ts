/**
 * `npm run zero-loss`: every change under steady load over every protocol, and what it lost. The exit code is 1 when anything but a killed
 * worker lost something.
 *
 *   npm run zero-loss                        the full length: 1,000 swaps
 *   npm run zero-loss -- --scale 0.1         a tenth of it
 *   npm run zero-loss -- swaps takeover      only these
 */
import { parseArgs } from 'node:util';
import { CHANGES, inWords, measure } from './changes.ts';
import { LoadedGateway } from './gateway.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { scale: { type: 'string', default: '1' } },
});
const chosen = CHANGES.filter(({ key }) => positionals.length === 0 || positionals.includes(key));

for (const change of chosen) {
  const gateway = await LoadedGateway.start();
  const count = Math.max(1, Math.round(change.count * Number(values.scale)));
  const result = await measure(gateway, change, count);
  await gateway.stop();
  console.log(inWords(result));
  if (result.tallies.some(({ failed }) => failed > result.allowed)) process.exitCode = 1;
}
