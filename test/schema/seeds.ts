/**
 * The valid manifests below `seeds/`: together they have every field of every kind. Each file of `seeds/kinds/` has the seeds of a sample of
 * its own, so that a kind can be added without asking an API server about all others again.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { isJsonObject, type JsonObject } from '../../src/gatewayapi/validation/schema.ts';

const FOLDER = join(import.meta.dirname, 'seeds');
const OF_KINDS = join(FOLDER, 'kinds');

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .toSorted();

const readSeedFile = (path: string): readonly JsonObject[] =>
  parseAllDocuments(readFileSync(path, 'utf8'))
    // Anchors share what they name; edits must not.
    .map((document) => JSON.parse(JSON.stringify(document.toJS())) as unknown)
    .filter(isJsonObject);

export interface SeedGroup {
  readonly name: string;
  readonly seeds: readonly JsonObject[];
}

/** `base`: the files of `seeds/` together; then each file of `seeds/kinds/`. */
export const seedGroups = (): readonly SeedGroup[] => [
  { name: 'base', seeds: filesIn(FOLDER).flatMap((file) => readSeedFile(join(FOLDER, file))) },
  ...filesIn(OF_KINDS).map((file) => ({
    name: file.replace(/\.yaml$/, ''),
    seeds: readSeedFile(join(OF_KINDS, file)),
  })),
];

export const readSeeds = (): readonly JsonObject[] => seedGroups().flatMap(({ seeds }) => seeds);
