/**
 * The graph is immutable: with every node frozen, the next snapshots are linked all the same, and a graph that was handed out stays as
 * it was.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { deepFreeze } from '../../src/lib/deep-freeze.ts';
import { GraphBuilder, type Graph } from '../../src/translator/graph/graph.ts';
import { listCases, snapshotOf, type GoldenCase } from './golden-case.ts';

/** Everything that the graph holds, but for its index of the snapshot. */
const nodesOf = (graph: Graph): readonly unknown[] => [
  [...graph.proxyConfigs],
  graph.classes,
  graph.gateways,
  graph.routes,
  [...graph.attachments],
  graph.policies.nodes,
  [...graph.backends],
];

/** The snapshots that follow when each object in turn is removed, and then written again. */
function* historyOf({ objects }: GoldenCase): Generator<GoldenCase['objects']> {
  yield objects;
  for (const [ref, object] of objects) {
    const others = objects.filter(([one]) => one !== ref);
    yield others;
    yield [...others, [ref, structuredClone(object)]];
  }
}

suite('graph', () => {
  for (const golden of listCases()) {
    test(`${golden.id}: no stage changes a node`, () => {
      const builder = new GraphBuilder(golden.options);
      let last: { readonly graph: Graph; readonly nodes: readonly unknown[] } | null = null;
      for (const objects of historyOf(golden)) {
        const snapshot = deepFreeze(snapshotOf(objects));
        const graph = builder.update(snapshot);
        // A write to a frozen node may be contained: then it shows in a node that is closed.
        assert.deepEqual(nodesOf(graph), nodesOf(new GraphBuilder(golden.options).update(snapshot)));
        if (last !== null) assert.deepEqual(nodesOf(last.graph), last.nodes);
        last = { graph, nodes: deepFreeze(nodesOf(graph)) };
      }
    });
  }
});
