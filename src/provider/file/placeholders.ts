/**
 * Placeholders that a tool fills in before manifests reach a cluster: `${NAME}` and `$NAME` (Flux, envsubst), `<secret:…>` and `<path:…>`
 * (Argo CD's vault plugins). If one makes a value invalid, a stand-in replaces it, so that the rest of the object is checked.
 */
import { isJsonObject, type Issue, type JsonObject, type Path } from '../../gatewayapi/validation/schema.ts';

const PLACEHOLDER = /\$\{([A-Za-z_]\w*)(?::?[-=]([^}]*))?\}|\$([A-Z_][A-Z0-9_]*)|<([a-z]+:[^<>]+)>/g;

/** The placeholders in a text, as written. */
const placeholdersIn = (text: string): readonly string[] => text.match(PLACEHOLDER) ?? [];

/** The same name for the same placeholder everywhere, so that objects still find each other: `${SECRET_DOMAIN}` is `secret-domain`. */
const standInFor = (text: string): string =>
  text.replaceAll(
    PLACEHOLDER,
    (...[, braced, fallback, bare, vault]: (string | undefined)[]) =>
      fallback ?? nameLike(braced ?? bare ?? vault ?? ''),
  );

const nameLike = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '') || 'x';

export interface Substitution {
  readonly object: JsonObject;
  readonly placeholders: readonly string[];
}

/** The object with stand-ins where an issue is about a text with a placeholder; null when there is no such issue. */
export function substitute(object: JsonObject, issues: readonly Issue[]): Substitution | null {
  const placeholders = new Set<string>();
  let result: unknown = object;
  for (const { path } of issues) {
    const value = valueAt(object, path);
    const found = collect(value);
    if (found.length === 0) continue;
    for (const placeholder of found) placeholders.add(placeholder);
    result = replaceAt(result, path, replaceIn(value));
  }
  if (placeholders.size === 0 || !isJsonObject(result)) return null;
  return { object: result, placeholders: [...placeholders] };
}

function valueAt(object: unknown, path: Path): unknown {
  let value = object;
  for (const segment of path) {
    if (Array.isArray(value) && typeof segment === 'number') value = value[segment];
    else if (isJsonObject(value)) value = value[String(segment)];
    else return undefined;
  }
  return value;
}

function collect(value: unknown): readonly string[] {
  if (typeof value === 'string') return placeholdersIn(value);
  if (Array.isArray(value)) return value.flatMap(collect);
  return isJsonObject(value) ? Object.values(value).flatMap(collect) : [];
}

function replaceIn(value: unknown): unknown {
  if (typeof value === 'string') return standInFor(value);
  if (Array.isArray(value)) return value.map(replaceIn);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, replaceIn(child)]));
}

function replaceAt(value: unknown, [segment, ...rest]: Path, replacement: unknown): unknown {
  if (segment === undefined) return replacement;
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) =>
      index === segment ? replaceAt(item, rest, replacement) : item,
    );
  }
  if (!isJsonObject(value)) return value;
  return { ...value, [segment]: replaceAt(value[String(segment)], rest, replacement) };
}
