/**
 * Files among manifests that are not manifests: templates that a tool must render first, kustomizations, and configuration of other
 * programs. Each gets one finding, instead of one for every line.
 */
import { basename, dirname, join } from 'node:path';
import { inputFinding, type InputFinding } from '../../gatewayapi/input-finding.ts';
import { isJsonObject, type JsonObject } from '../../gatewayapi/validation/schema.ts';
import type { ParsedText } from './documents.ts';
import type { Chunk } from './split.ts';

/** The kind of content of a chunk. */
export type ChunkShape =
  | { readonly kind: 'empty' }
  /** Something that has `apiVersion`, `kind`, `metadata` or `spec`. */
  | { readonly kind: 'kubernetes' }
  | { readonly kind: 'kustomization'; readonly fields: JsonObject }
  /** `isManifest`: a line looks like one of a manifest. */
  | { readonly kind: 'broken'; readonly isManifest: boolean; readonly hasActions: boolean }
  | { readonly kind: 'other' };

/** `{{ … }}` of Helm, Jinja and Go templates. */
const ACTION = /\{\{[^]*?\}\}/;

/** Distinguishes a manifest that does not parse from a broken file of another kind. */
const MANIFEST_LINE = /^\s*["']?(?:apiVersion|kind|metadata|spec)["']?\s*:/im;
const MANIFEST_KEYS: ReadonlySet<string> = new Set(['apiversion', 'kind', 'metadata', 'spec']);

const KUSTOMIZE_GROUP = 'kustomize.config.k8s.io/';
const KUSTOMIZATION_FILE = /^kustomization(\.ya?ml)?$/;

export function shapeOf(chunk: Chunk, { objects, findings }: ParsedText, file: string): ChunkShape {
  if (findings.some(({ code }) => code === 'syntax')) {
    return {
      kind: 'broken',
      isManifest: MANIFEST_LINE.test(chunk.text),
      hasActions: ACTION.test(chunk.text),
    };
  }
  const values = objects.map(({ value }) => value);
  const kustomization = values.find((value) => isKustomization(value, file));
  if (kustomization !== undefined) return { kind: 'kustomization', fields: kustomization };
  if (values.some(isKubernetesLike)) return { kind: 'kubernetes' };
  return { kind: values.length + findings.length === 0 ? 'empty' : 'other' };
}

const isKubernetesLike = (value: JsonObject): boolean =>
  Object.keys(value).some((key) => MANIFEST_KEYS.has(key.toLowerCase()));

function isKustomization({ apiVersion }: JsonObject, file: string): boolean {
  if (typeof apiVersion === 'string') return apiVersion.startsWith(KUSTOMIZE_GROUP);
  return KUSTOMIZATION_FILE.test(basename(file));
}

/** The findings that replace all others of a file; null for a file of manifests. */
export function foreignFindings(file: string, shapes: readonly ChunkShape[]): readonly InputFinding[] | null {
  const filled = shapes.filter(({ kind }) => kind !== 'empty');
  const kustomizations = filled.filter((shape) => shape.kind === 'kustomization');
  if (kustomizations.length > 0) {
    return kustomizations.flatMap(({ fields }) => kustomizationFindings(file, fields));
  }
  const isManifest = (shape: ChunkShape): boolean =>
    shape.kind === 'kubernetes' || (shape.kind === 'broken' && shape.isManifest);
  if (filled.length === 0 || filled.some(isManifest)) return null;
  return [
    inputFinding('not-kubernetes', {
      message: 'not a Kubernetes object: skipped',
      location: { file, line: 1, column: 1 },
    }),
  ];
}

/** Fields that only list files, or have no effect; every other field changes or creates objects. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'apiVersion',
  'kind',
  'metadata',
  'resources',
  'bases',
  'openapi',
]);

/** A kustomization that only lists resources has the same result as reading the folder. */
function kustomizationFindings(file: string, fields: JsonObject): InputFinding[] {
  const effects = Object.entries(fields)
    .filter(([name, value]) => !WITHOUT_EFFECT.has(name) && !isEmpty(value))
    .map(([name, value]) => (typeof value === 'string' ? `${name}: ${value}` : name));
  if (effects.length === 0) return [];
  const folder = file.slice(0, -basename(file).length) || '.';
  return [
    inputFinding('kustomization-not-applied', {
      message: `Sluice does not apply kustomizations, and this one sets ${effects.join(', ')}`,
      hint: `kustomize build ${folder} | sluice check -`,
      location: { file, line: 1, column: 1 },
    }),
  ];
}

/** Fields of a kustomization whose files are not manifests: patches, and contents of generated objects. */
const INPUT_FIELDS = [
  'patches',
  'patchesStrategicMerge',
  'patchesJson6902',
  'replacements',
  'configurations',
  'generators',
  'transformers',
  'configMapGenerator',
  'secretGenerator',
  'helmCharts',
] as const;

/** The files that the kustomizations of a file read as patches and the like, with its folder before them. */
export function kustomizationInputs(file: string, shapes: readonly ChunkShape[]): readonly string[] {
  const texts = shapes
    .filter((shape) => shape.kind === 'kustomization')
    .flatMap(({ fields }) => INPUT_FIELDS.flatMap((name) => textsIn(fields[name])));
  // A generator may give a file another name: `key=path`.
  const paths = texts
    .map((text) => text.slice(text.indexOf('=') + 1))
    .filter((text) => /\.(ya?ml|json)$/.test(text));
  return paths.map((path) => join(dirname(file), path));
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.includes('\n') ? [] : [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isJsonObject(value) ? Object.values(value).flatMap(textsIn) : [];
}

const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);

/** A file with `{{ … }}` that does not parse, or whose objects are invalid where they have one, at `location`. */
export const templateFinding = (first: InputFinding): InputFinding =>
  inputFinding('template', {
    message: 'a template, which must be rendered before Sluice can read it',
    hint: 'for a Helm chart: helm template CHART | sluice check -',
    location: first.location,
  });
