/** docs/reference/api.md and admin-api.md: the lists of the admin API, and the types of its responses with their comments. */
import { COLLECTIONS, type Collection } from '../../src/admin/api/collections.ts';
import { commentOf, interfaceTable, readInterfaces } from './interfaces.ts';
import { asCode, markdownTable, type Section } from './section.ts';

const PAGE = 'docs/reference/api.md';

const linkTo = (type: string): string => `[${type}](#${type.toLowerCase()})`;

export const API_LISTS: Section = {
  page: PAGE,
  name: 'api-lists',
  render: () =>
    markdownTable(
      ['path', 'items', 'filters', 'what it lists'],
      Object.entries<Collection>(COLLECTIONS).map(([name, { type, filters, text }]) => [
        asCode(`/api/v1/${name}`),
        linkTo(type),
        Object.keys(filters).map(asCode).join(', '),
        text,
      ]),
    ),
};

export const API_TYPES: Section = {
  page: PAGE,
  name: 'api-types',
  render: () => describeTypes('admin/api/resources.ts'),
};

/** What the answer of `/status` extends. */
const STATUS_BASES = ['ObjectReportBase', 'StatusReport'];

export const STATUS_TYPES: Section = {
  page: 'docs/reference/admin-api.md',
  name: 'status-types',
  render: () => describeTypes('admin/status-report.ts', STATUS_BASES),
};

function describeTypes(file: string, except: readonly string[] = []): string {
  const types = readInterfaces([file]);
  return types
    .filter(({ name }) => !except.includes(name.text))
    .map((type) => `### ${type.name.text}\n\n${commentOf(type)}\n\n${interfaceTable(type, types)}`)
    .join('\n\n');
}
