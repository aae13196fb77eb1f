/** docs/reference/extension-ref.md: the kinds that ExtensionRef filters may refer to. */
import { EXTENSION_KINDS } from '../../src/translator/extension/extension-kinds.ts';
import { POLICY_KINDS } from '../../src/translator/policy/policy-kinds.ts';
import { asCode, markdownTable, type Section } from './section.ts';

export const EXTENSIONS: Section = {
  page: 'docs/reference/extension-ref.md',
  name: 'extensions',
  render: () =>
    markdownTable(
      ['kind', 'group', 'effect of the filter'],
      [
        ...EXTENSION_KINDS.map(({ group, kind }) => [kind, asCode(group), 'acts as the object says']),
        ...POLICY_KINDS.filter(({ isReferable }) => isReferable).map(({ group, kind }) => [
          kind,
          asCode(group),
          'attaches the policy to the rule or backendRef',
        ]),
      ],
    ),
};
