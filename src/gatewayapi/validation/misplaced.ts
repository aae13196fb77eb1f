/** Where an unknown field probably belongs. The usual cause is wrong indentation. */
import { METADATA_SCHEMA } from './metadata.ts';
import { formatPath, type Path, type PathSegment, type Schema } from './schema.ts';

/** null if no other place of the object has a field of this name, or several equally near ones do. */
export function misplacedHint(root: Schema, path: Path): string | null {
  const name = path.at(-1);
  const at = path.slice(0, -1);
  if (typeof name !== 'string') return null;
  if (at.length === 0 && Object.hasOwn(METADATA_SCHEMA.properties ?? {}, name)) {
    return `indent "${name}:" so that it is inside "metadata:"`;
  }
  const spec = root.properties?.['spec'];
  if (spec === undefined) return null;
  const homes: PathSegment[][] = [];
  collectHomes(spec, name, ['spec'], homes);
  const nearest = nearestHome(homes, at);
  if (nearest === null) return null;
  const isDeeper = nearest.length > at.length;
  return `"${name}" belongs to ${shown(nearest)}: ${isDeeper ? 'indent it further' : 'check its indentation'}`;
}

/** Every object that has the field; a list in the path is marked by 0. */
function collectHomes(schema: Schema, name: string, path: PathSegment[], homes: PathSegment[][]): void {
  if (schema.items !== undefined) {
    collectHomes(schema.items, name, [...path, 0], homes);
    return;
  }
  for (const [field, child] of Object.entries(schema.properties ?? {})) {
    if (field === name) homes.push(path);
    else collectHomes(child, name, [...path, field], homes);
  }
}

/** The nearest place: steps up from the field, and down from there. */
function nearestHome(homes: readonly PathSegment[][], at: Path): PathSegment[] | null {
  const ranked = homes
    .map((home) => ({ home, distance: distance(home, at) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [first, second] = ranked;
  if (first === undefined || first.distance > MAX_DISTANCE) return null;
  return second !== undefined && second.distance === first.distance ? null : first.home;
}

/** Farther away, a field of the same name is something else. A list and its element count as two steps. */
const MAX_DISTANCE = 3;

function distance(home: Path, at: Path): number {
  let common = 0;
  const isSame = (a: PathSegment | undefined, b: PathSegment | undefined): boolean =>
    typeof a === 'number' ? typeof b === 'number' : a === b;
  while (common < home.length && common < at.length && isSame(home[common], at[common])) common += 1;
  return home.length + at.length - 2 * common;
}

const shown = (home: Path): string => formatPath(home).replaceAll('[0]', '[]');
