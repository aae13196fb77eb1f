/** Every case of Autobahn, those that take long too: `node test/autobahn/main.ts [pattern…]`. Exit code 1 when the gateway changes one. */
import { changed, compare, tally } from './echo-through-proxy.ts';
import { installWstest } from './wstest.ts';

const patterns = process.argv.slice(2);
const folder = await installWstest();
if (folder === null) throw new Error('there is no Python 2.7 with pip to run wstest with');
const comparison = await compare(folder, { cases: patterns.length === 0 ? ['*'] : patterns, exclude: [] });
console.log(`${String(comparison.through.size)} cases`);
console.log('direct ', tally(comparison.direct));
console.log('through', tally(comparison.through));
const differences = changed(comparison);
for (const line of differences) console.log(line);
process.exitCode = differences.length === 0 ? 0 : 1;
