/** docs/reference/kubernetes.md: every kind that Sluice reads, and at which versions. */
import type { Kind, StatusShape } from '../../src/gatewayapi/kind.ts';
import { KINDS } from '../../src/gatewayapi/kinds.ts';
import { asCode, markdownTable, type Section } from './section.ts';

const STATUS: Readonly<Record<StatusShape, string>> = {
  gatewayClass: 'conditions, supported features',
  gateway: 'addresses, conditions, listeners',
  listenerSet: 'conditions, listeners',
  route: 'conditions for each parent',
  policy: 'conditions for each Gateway',
  backend: 'conditions for each Gateway',
  conditions: 'conditions',
};

const readText = ({ read, followReferences }: Kind): string =>
  read === 'referenced'
    ? 'those that another object refers to'
    : followReferences
      ? 'every object, and Secrets and ConfigMaps that it refers to'
      : 'every object';

export const renderKinds = (kinds: readonly Kind[]): string =>
  markdownTable(
    ['kind', 'group', 'versions', 'read', 'status'],
    kinds.map((kind) => [
      kind.kind,
      kind.group === '' ? 'core' : asCode(kind.group),
      kind.versions.map(asCode).join(', '),
      readText(kind),
      kind.status === null ? '' : STATUS[kind.status],
    ]),
  );

export const READ_KINDS: Section = {
  page: 'docs/reference/kubernetes.md',
  name: 'kinds',
  render: () => renderKinds(Object.values(KINDS)),
};
