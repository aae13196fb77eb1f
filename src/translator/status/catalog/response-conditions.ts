/** Conditions of policies about responses. */
import type { ConditionCatalog } from './condition-meaning.ts';

export const RESPONSE_CONDITIONS = {
  'CompressionPolicy, for each Gateway': [
    { type: 'Accepted', status: 'True', reason: 'Accepted', text: 'The policy is valid.', advice: 'nothing' },
    {
      type: 'ResolvedRefs',
      status: 'True',
      reason: 'ResolvedRefs',
      text: 'All references resolve.',
      advice: 'nothing',
    },
    {
      type: 'Programmed',
      status: 'True',
      reason: 'Programmed',
      text: 'Every field applies.',
      advice: 'nothing',
    },
  ],
  'ResponsePolicy, for each Gateway': [
    { type: 'Accepted', status: 'True', reason: 'Accepted', text: 'The policy is valid.', advice: 'nothing' },
    {
      type: 'Accepted',
      status: 'False',
      reason: 'Invalid',
      text: 'A field has an unsupported value; responses are sent as without the policy.',
      advice: 'fix the field in the message',
    },
    {
      type: 'ResolvedRefs',
      status: 'True',
      reason: 'ResolvedRefs',
      text: 'All references resolve.',
      advice: 'nothing',
    },
    {
      type: 'ResolvedRefs',
      status: 'False',
      reason: 'RefNotFound',
      text: 'The ConfigMap of a page, or its key, does not exist; the page is left out, everything else applies.',
      advice: 'create it in the namespace of the policy',
    },
    {
      type: 'Programmed',
      status: 'True',
      reason: 'Programmed',
      text: 'Every field applies.',
      advice: 'nothing',
    },
    {
      type: 'Programmed',
      status: 'False',
      reason: 'Invalid',
      text: 'As under Accepted.',
      advice: 'fix the field in the message',
    },
  ],
} as const satisfies ConditionCatalog;
