/** The field `body` of kinds that configure a response: text of their own, or a key of a ConfigMap in their namespace. */
import { CORE_GROUP } from '../../gatewayapi/ref.ts';
import type { ContentBody } from '../../ir/filter.ts';
import { failure, success, type Result } from '../../lib/result.ts';
import { utf8Length } from '../../lib/utf8.ts';
import type { Fault } from '../faults/fault.ts';
import { bodyNotFound, bodyTooLong } from '../faults/extension-faults.ts';
import type { ReferenceContext } from './certificate.ts';

export interface BodySpec {
  readonly inline?: string;
  readonly configMapRef?: { readonly name: string; readonly key: string };
  readonly contentType?: string;
}

/** Bytes that an object may hold itself; more belongs into a ConfigMap. */
const MAX_INLINE_BYTES = 16_384;

const DEFAULT_TYPE = 'text/plain; charset=utf-8';

/** Faults by what they turn False: Accepted, or ResolvedRefs. */
export type BodyFaults =
  { readonly faults: readonly Fault[] } | { readonly referenceFaults: readonly Fault[] };

export function readBody(
  spec: BodySpec,
  path: string,
  { lookup, from }: ReferenceContext,
): Result<ContentBody, BodyFaults> {
  const { inline = '', configMapRef: ref } = spec;
  if (ref === undefined) {
    return utf8Length(inline) > MAX_INLINE_BYTES
      ? failure({ faults: [bodyTooLong(`${path}.inline`, MAX_INLINE_BYTES)] })
      : success({ text: inline, contentType: contentTypeOf(spec) });
  }
  const text = lookup.configMap(from.namespace, ref.name)?.data?.[ref.key];
  if (text === undefined) {
    const target = { group: CORE_GROUP, kind: 'ConfigMap', namespace: from.namespace, name: ref.name };
    return failure({ referenceFaults: [bodyNotFound(`${path}.configMapRef`, target, ref.key)] });
  }
  return success({ text, contentType: contentTypeOf(spec) });
}

/** Text from the Kubernetes API is UTF-8. */
function contentTypeOf({ contentType }: BodySpec): string {
  if (contentType === undefined) return DEFAULT_TYPE;
  const isBareText = /^text\//i.test(contentType) && !/;\s*charset=/i.test(contentType);
  return isBareText ? `${contentType}; charset=utf-8` : contentType;
}
