import type { DirectResponse, DirectResponseSpec } from '../../gatewayapi/generated/types.ts';
import { SLUICE_GROUP } from '../../gatewayapi/ref.ts';
import type { ContentBody, HeaderField } from '../../ir/filter.ts';
import { fieldWarnings } from '../filter/header-fields.ts';
import { readBody } from '../graph/content-body.ts';
import type { ExtensionKind } from './extension-kind.ts';

interface DirectResponseSettings {
  readonly status: number;
  readonly headers: readonly HeaderField[];
  readonly body: ContentBody | null;
}

export const DIRECT_RESPONSE: ExtensionKind<DirectResponse, DirectResponseSettings> = {
  group: SLUICE_GROUP,
  kind: 'DirectResponse',
  objects: ({ directResponses }) => directResponses,
  read({ spec }, context) {
    const body = spec.body === undefined ? null : readBody(spec.body, 'spec.body', context);
    const warnings = fieldWarnings(spec.headers, 'spec.headers');
    if (body?.ok === false) {
      return { settings: null, faults: [], referenceFaults: [], warnings, ...body.failure };
    }
    return { settings: settingsOf(spec, body?.value ?? null), faults: [], referenceFaults: [], warnings };
  },
  filter: {
    type: 'DirectResponse',
    field: 'extensionRef',
    incompatibleWith: ['RequestRedirect'],
    answersRequests: true,
    lower: (settings) => ({ kind: 'direct-response', ...settings }),
  },
};

const settingsOf = (
  { status, headers }: DirectResponseSpec,
  body: ContentBody | null,
): DirectResponseSettings => ({
  status: status ?? 200,
  headers: (headers ?? []).map(({ name, value }) => ({ name, value })),
  body,
});
