/**
 * `node scripts/record-encoding.ts`: records the shape of the configuration and of the protocol's messages for their present versions, after
 * one was raised. Refuses to record another shape for a version that has one. (Where only `type-shape.ts` or TypeScript describes the
 * same types otherwise, delete the record first.)
 */
import { existsSync, writeFileSync } from 'node:fs';
import {
  changedTypes,
  currentEncodings,
  RECORD_FILE,
  recorded,
  type EncodingRecords,
} from '../test/support/encoding-record.ts';

const before: EncodingRecords | null = existsSync(RECORD_FILE) ? recorded() : null;
const now = currentEncodings();
const unraised = (['format', 'protocol'] as const).filter(
  (what) =>
    before !== null &&
    before[what].version === now[what].version &&
    changedTypes(before[what], now[what]).length > 0,
);
if (unraised.length > 0) {
  console.error(
    `Raise the version first: ${unraised.join(', ')} (src/ir/codec.ts, src/configsync/versions.ts).`,
  );
  process.exitCode = 1;
} else {
  writeFileSync(RECORD_FILE, `${JSON.stringify(now, null, 2)}\n`);
}
