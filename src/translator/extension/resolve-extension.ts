/** Follows references of filters to objects that configure filters. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import { failure, success, type Result } from '../../lib/result.ts';
import type { Fault } from '../faults/fault.ts';
import {
  extensionRefInvalid,
  extensionRefNotFound,
  extensionRefUnknown,
} from '../faults/reference-faults.ts';
import type { FilterKind } from '../filter/filter-kind.ts';
import type { ExtensionNodes } from '../graph/reads.ts';
import type { ExtensionKind } from './extension-kind.ts';
import { extensionKey } from './extensions.ts';

/** What filters may refer to. */
export interface ExtensionSources {
  readonly kinds: readonly ExtensionKind[];
  readonly nodes: ExtensionNodes;
}

/** The filter that an object configures. */
export interface ConfiguredFilter {
  readonly kind: FilterKind;
  readonly settings: object;
}

/** `path`: field path of the reference. On a failure, requests that the filter would act on are answered with 500. */
export function resolveExtension(
  ref: ObjectRef,
  path: string,
  { kinds, nodes }: ExtensionSources,
): Result<ConfiguredFilter, Fault> {
  if (!kinds.some(({ group, kind }) => group === ref.group && kind === ref.kind)) {
    return failure(
      extensionRefUnknown(
        path,
        ref,
        kinds.map(({ kind }) => kind),
      ),
    );
  }
  const node = nodes.get(extensionKey(ref));
  if (node === undefined) return failure(extensionRefNotFound(path, ref));
  const { kind, settings, faults, referenceFaults } = node;
  return settings === null
    ? failure(extensionRefInvalid(path, ref, [...faults, ...referenceFaults]))
    : success({ kind: kind.filter, settings });
}
