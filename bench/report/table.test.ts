import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replaceSection } from './document.ts';
import { mergeScenarios } from './result.ts';
import { scenarioTable } from './table.ts';

const row = (label: string, ...values: number[]): Parameters<typeof scenarioTable>[0]['rows'][number] => ({
  label,
  samples: values.map((value) => ({ value })),
});

const base = {
  name: 'x',
  title: 'X',
  date: '2026-01-01',
  rounds: 3,
  seconds: 4,
  conditions: 'how',
  unit: 'µs',
  goals: [{ of: 'sluice', to: 'nginx', atMost: 1 }],
};

test('ratios are of medians, and goals are compared with them', () => {
  const text = scenarioTable({ ...base, rows: [row('sluice', 10, 11, 10), row('nginx', 20, 20, 40)] });
  assert.match(text, /\*\*sluice\*\* \| 10\.0 \| 0\.50 \| 10 %/);
  assert.match(text, /≤ 1\.00 × nginx: 0\.50, reached/);
  assert.match(text, /Noisy: the rounds of nginx/);
});

test('a missed goal and an absent peer are said', () => {
  const missed = scenarioTable({ ...base, rows: [row('sluice', 30), row('nginx', 20)] });
  assert.match(missed, /1\.50, \*\*not reached\*\*/);
  const absent = scenarioTable({ ...base, rows: [row('sluice', 30)] });
  assert.match(absent, /not measured/);
});

test('a section replaces the one before, and only that', () => {
  const text = 'a\n<!-- bench:h -->old<!-- /bench:h -->\nz';
  assert.equal(replaceSection(text, 'h', 'new'), 'a\n<!-- bench:h -->\n\nnew\n\n<!-- /bench:h -->\nz');
  assert.throws(() => replaceSection(text, 'other', 'new'), /has no <!-- bench:other -->/);
});

test('a later run of one scenario takes its place among the others', () => {
  const result = (name: string, date: string): Parameters<typeof scenarioTable>[0] => ({
    ...base,
    name,
    date,
    rows: [],
  });
  const merged = mergeScenarios(
    ['a', 'b', 'c'],
    [result('b', 'old'), result('a', 'old')],
    [result('b', 'new')],
  );
  assert.deepEqual(
    merged.map(({ name, date }) => [name, date]),
    [
      ['a', 'old'],
      ['b', 'new'],
    ],
  );
});
