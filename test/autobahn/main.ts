/** Every case of Autobahn, those that take long too: `node test/autobahn/main.ts [pattern…]`. Exit code 1 when the gateway changes one. */
import { changed, compare, tally } from './echo-through-proxy.ts';
import { installWstest } from './wstest.ts';

const patterns = process.argv.slice(2);
const wstest = await installWstest();
if (wstest.kind === 'missing') throw new Error(wstest.why);
const comparison = await compare(wstest.tool, {
  cases: patterns.length === 0 ? ['*'] : patterns,
  exclude: [],
});
console.log(`${String(comparison.through.size)} cases`);
console.log('direct ', tally(comparison.direct));
console.log('through', tally(comparison.through));
const differences = changed(comparison);
for (const line of differences) console.log(line);
process.exitCode = differences.length === 0 ? 0 : 1;
