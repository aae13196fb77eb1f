/** Every kind that an ExtensionRef filter may refer to. */
import { DIRECT_RESPONSE } from './direct-response.ts';
import type { ExtensionKind } from './extension-kind.ts';

export const EXTENSION_KINDS: readonly ExtensionKind[] = [DIRECT_RESPONSE];
