/** The path modifier that redirects and rewrites share: it replaces the whole path or the matched prefix. */
import type { HTTPRouteRuleFilterUrlRewrite } from '../../gatewayapi/generated/types.ts';
import type { PathRewrite } from '../../ir/filter.ts';
import type { Fault } from '../faults/fault.ts';
import { prefixRewriteWithoutPrefix, valueUnsupported } from '../faults/route-faults.ts';
import type { FilterPlace } from './filter-kind.ts';

type PathModifier = HTTPRouteRuleFilterUrlRewrite['path'];

export function validatePath(modifier: PathModifier, { path, allPrefixes }: FilterPlace): readonly Fault[] {
  if (modifier === undefined) return [];
  const at = `${path}.path`;
  switch (modifier.type as string | undefined) {
    case undefined:
    case 'ReplaceFullPath':
      return [];
    case 'ReplacePrefixMatch':
      return allPrefixes ? [] : [prefixRewriteWithoutPrefix(at)];
    default:
      return [valueUnsupported(`${at}.type`, modifier.type, ['ReplaceFullPath', 'ReplacePrefixMatch'])];
  }
}

export function lowerPath(modifier: PathModifier): PathRewrite | null {
  if (modifier === undefined) return null;
  return modifier.type === 'ReplaceFullPath'
    ? { kind: 'full', value: modifier.replaceFullPath ?? '/' }
    : { kind: 'prefix', value: modifier.replacePrefixMatch ?? '' };
}
