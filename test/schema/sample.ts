/** The mutated manifests that a real API server was asked about, and how its answers are kept. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '../../src/gatewayapi/validation/schema.ts';
import { mutate } from './mutate.ts';
import { Random } from '../support/random.ts';
import { seedGroups, type SeedGroup } from './seeds.ts';

const BASE_SIZE = 6_000;
const KIND_SIZE = 600;

/** Mutated manifests of one group of seeds, and where the answers about them are kept. */
export interface Sample extends SeedGroup {
  readonly size: number;
  readonly file: string;
}

export const samples = (): readonly Sample[] =>
  seedGroups().map((group) => ({
    ...group,
    size: group.name === 'base' ? BASE_SIZE : KIND_SIZE,
    file: `${group.name}.json`,
  }));

const RECORDS = join(import.meta.dirname, 'verdicts');

export interface Verdicts {
  /** Which API server was asked. */
  readonly server: string;
  /** One letter per manifest: `a` accepted, `r` refused, `-` not asked. */
  readonly verdicts: readonly string[];
}

/** How many letters a line of the record holds, so that a change shows where it is. */
export const LINE_LENGTH = 100;

/** `folder`: where records are, if not in the repository. */
export const readVerdicts = ({ file }: Sample, folder = RECORDS): Verdicts =>
  JSON.parse(readFileSync(join(folder, file), 'utf8')) as Verdicts;

export const recordFile = ({ file }: Sample, folder = RECORDS): string => join(folder, file);

/** Number `index` of the sample: always the same manifest. */
export function sampleManifest(
  { seeds }: Sample,
  index: number,
): { readonly seed: JsonObject; readonly manifest: JsonObject } {
  const random = new Random(index);
  const seed = random.pick(seeds);
  return { seed, manifest: mutate(random, seed) };
}

/** The mutation changed a name that is also in the URL: the API server would reject the mismatch. */
export function isAskable(seed: JsonObject, manifest: JsonObject): boolean {
  const { metadata } = manifest;
  const namespace = isJsonObject(metadata) ? metadata['namespace'] : undefined;
  return (
    manifest['kind'] === seed['kind'] &&
    manifest['apiVersion'] === seed['apiVersion'] &&
    (namespace === undefined || (typeof namespace === 'string' && /^[a-z0-9-]{1,63}$/.test(namespace)))
  );
}
