import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { diagnose } from './diagnosis.ts';

const POD = {
  metadata: { namespace: 'scene', name: 'proxy-1' },
  status: {
    phase: 'Running',
    containerStatuses: [
      {
        name: 'proxy',
        ready: false,
        restartCount: 2,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt: '2026-01-01T00:00:00Z' } },
      },
    ],
  },
};
const EVENTS = 'scene  1s  Warning  BackOff  pod/proxy-1\nscene  1s  Normal  Pulled  pod/proxy-1\n';

suite('diagnosis of a failed cluster test', () => {
  test('names pods that restarted and warnings, and keeps their logs', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-diagnosis-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const ask = (words: readonly string[]): Promise<string> => {
      if (words.includes('events')) return Promise.resolve(EVENTS);
      if (words.includes('json')) return Promise.resolve(JSON.stringify({ items: [POD] }));
      return Promise.resolve(words.includes('--previous') ? 'before it died\n' : 'lines\n');
    };
    const summary = await diagnose(ask, { folder, namespaces: ['scene'] });
    assert.match(
      summary,
      /pod scene\/proxy-1 \(Running\): proxy is not ready: CrashLoopBackOff, proxy restarted 2 times, last OOMKilled with exit code 137 at 2026-01-01T00:00:00Z/,
    );
    assert.match(summary, /Warning {2}BackOff/);
    assert.doesNotMatch(summary, /Pulled/);
    assert.deepEqual(readdirSync(folder).toSorted(), [
      'events.txt',
      'pods.txt',
      'scene.proxy-1.log',
      'scene.proxy-1.previous.log',
      'scene.yaml',
    ]);
    assert.equal(readFileSync(join(folder, 'scene.proxy-1.previous.log'), 'utf8'), 'before it died\n');
  });

  test('a cluster that does not answer is no error', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-diagnosis-'));
    t.after(() => rmSync(folder, { recursive: true }));
    await diagnose(() => Promise.reject(new Error('refused')), { folder, namespaces: [] });
    assert.match(readFileSync(join(folder, 'events.txt'), 'utf8'), /refused/);
  });
});
