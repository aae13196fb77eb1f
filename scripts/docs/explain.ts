/** docs/reference/explain.md: the JSON that `sluice explain --output json` prints, from its types. */
import { interfaceTable, readInterfaces } from './interfaces.ts';
import type { Section } from './section.ts';

const FILES = [
  'proxy/router/explain.ts',
  'proxy/router/explain-attachment.ts',
  'proxy/router/explain-backends.ts',
  'proxy/router/explain-policies.ts',
];

const section = (name: string, type: string): Section => ({
  page: 'docs/reference/explain.md',
  name,
  render: () => {
    const types = readInterfaces(FILES);
    const found = types.find((one) => one.name.text === type);
    if (found === undefined) throw new Error(`no interface ${type} in ${FILES.join(', ')}`);
    return interfaceTable(found, types);
  },
});

export const EXPLANATION: readonly Section[] = [
  section('explanation', 'Explanation'),
  section('backend', 'ExplainedBackend'),
  section('near-miss', 'NearMiss'),
  section('explained-policy', 'ExplainedPolicy'),
];
