import type { RewriteFilter } from '../../gatewayapi/generated/types.ts';
import { SLUICE_GROUP } from '../../gatewayapi/ref.ts';
import type { RegexRewrite } from '../../ir/filter.ts';
import { countGroups } from '../../lib/regex-groups.ts';
import { highestGroup, parseRewriteTemplate } from '../../lib/rewrite-template.ts';
import type { Fault } from '../faults/fault.ts';
import {
  rewriteGroupMissing,
  rewriteReplacementInvalid,
  rewriteTwice,
  rewriteWithoutPattern,
} from '../faults/extension-faults.ts';
import { regexInvalid } from '../faults/route-faults.ts';
import type { FilterPlace } from '../filter/filter-kind.ts';
import type { MeasureRegex } from '../graph/match.ts';
import type { ExtensionKind } from './extension-kind.ts';

interface RewriteSettings {
  readonly name: string;
  readonly hostname: string | null;
  readonly path: RegexRewrite | null;
}

export const REWRITE_FILTER: ExtensionKind<RewriteFilter, RewriteSettings> = {
  group: SLUICE_GROUP,
  kind: 'RewriteFilter',
  objects: ({ rewriteFilters }) => rewriteFilters,
  read({ spec, metadata: { name } }, { options }) {
    const path = spec.path === undefined ? null : readPath(spec.path);
    const faults = path === null ? [] : pathFaults(path, options.measureRegex);
    const settings = faults.length > 0 ? null : { name, hostname: spec.host ?? null, path };
    return { settings, faults, referenceFaults: [], warnings: [] };
  },
  filter: {
    type: 'RewriteFilter',
    field: 'extensionRef',
    incompatibleWith: ['RequestRedirect', 'DirectResponse'],
    validate: (settings, place) => [...matchFaults(settings, place), ...besideFaults(settings, place)],
    lower: ({ hostname, path }) => ({ kind: 'regex-rewrite', hostname, path }),
  },
};

const readPath = ({
  pattern,
  replacement,
  scope,
}: NonNullable<RewriteFilter['spec']['path']>): RegexRewrite => ({
  pattern: pattern ?? null,
  replacement,
  scope: scope === 'Match' ? 'match' : 'path',
});

function pathFaults({ pattern, replacement }: RegexRewrite, measureRegex: MeasureRegex): readonly Fault[] {
  const template = parseRewriteTemplate(replacement);
  if (typeof template === 'string') return [rewriteReplacementInvalid('spec.path.replacement', template)];
  if (pattern === null) return [];
  const why = measureRegex(pattern);
  if (typeof why === 'string')
    return [{ ...regexInvalid('spec.path.pattern', pattern, why), reason: 'Invalid' }];
  return groupFaults(replacement, pattern, 'spec.path.replacement');
}

/** Of a replacement that is valid. */
function groupFaults(replacement: string, pattern: string, path: string): readonly Fault[] {
  const template = parseRewriteTemplate(replacement);
  if (typeof template === 'string') return [];
  const groups = countGroups(pattern);
  const highest = highestGroup(template);
  return highest > groups ? [rewriteGroupMissing(path, { group: highest, groups, pattern })] : [];
}

/** Without a pattern, the groups are those of the match that a request meets. */
function matchFaults({ name, path }: RewriteSettings, place: FilterPlace): readonly Fault[] {
  if (path === null || path.pattern !== null) return [];
  if (place.pathPatterns === null) return [rewriteWithoutPattern(place.path, name)];
  return place.pathPatterns.flatMap((pattern) =>
    groupFaults(path.replacement, pattern, place.path).map((fault): Fault => ({
      ...fault,
      reason: 'UnsupportedValue',
    })),
  );
}

/** URLRewrite may set what this filter leaves alone. */
function besideFaults(
  { hostname, path }: RewriteSettings,
  { path: at, beside }: FilterPlace,
): readonly Fault[] {
  return beside.flatMap(({ type, urlRewrite }) => {
    if (type !== 'URLRewrite' || urlRewrite === undefined) return [];
    return [
      ...(path !== null && urlRewrite.path !== undefined ? [rewriteTwice(at, 'path')] : []),
      ...(hostname !== null && urlRewrite.hostname !== undefined ? [rewriteTwice(at, 'host')] : []),
    ];
  });
}
