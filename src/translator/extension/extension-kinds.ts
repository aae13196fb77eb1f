/** Every kind that an ExtensionRef filter may refer to. */
import { DIRECT_RESPONSE } from './direct-response.ts';
import type { ExtensionKind } from './extension-kind.ts';
import { REWRITE_FILTER } from './rewrite-filter.ts';

export const EXTENSION_KINDS: readonly ExtensionKind[] = [DIRECT_RESPONSE, REWRITE_FILTER];
