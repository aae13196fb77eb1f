/** The valid manifests below `seeds/`: together they have every field of every kind. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { isJsonObject, type JsonObject } from '../../src/gatewayapi/validation/schema.ts';

const FOLDER = join(import.meta.dirname, 'seeds');

export function readSeeds(): readonly JsonObject[] {
  return (
    readdirSync(FOLDER)
      .toSorted()
      .flatMap((file) => parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8')))
      // Anchors share what they name; edits must not.
      .map((document): unknown => JSON.parse(JSON.stringify(document.toJS())))
      .filter(isJsonObject)
  );
}
