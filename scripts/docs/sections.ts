/** Every generated section of the documentation. A new one is a file beside this one and a row here. */
import { ACCESS_LOG_FIELDS } from './access-log.ts';
import { API_LISTS, API_TYPES, STATUS_TYPES } from './api.ts';
import { CONDITION_TABLES } from './conditions.ts';
import { DEADLINES } from './deadlines.ts';
import { EXPLANATION } from './explain.ts';
import { EXTENSIONS } from './extensions.ts';
import { FIELD_TABLES } from './fields.ts';
import { FILTERS_IN_ORDER } from './filters.ts';
import { FINDING_CODES } from './findings.ts';
import { GRPC_STATUSES } from './grpc.ts';
import { IMPORT_LAW } from './import-law.ts';
import { READ_KINDS } from './kinds.ts';
import { LIMITS } from './limits.ts';
import { METRICS } from './metrics.ts';
import { COMMAND_OPTIONS } from './options.ts';
import { REASON_CODES } from './reasons.ts';
import type { Section } from './section.ts';

export const SECTIONS: readonly Section[] = [
  ACCESS_LOG_FIELDS,
  API_LISTS,
  API_TYPES,
  ...COMMAND_OPTIONS,
  ...CONDITION_TABLES,
  DEADLINES,
  ...EXPLANATION,
  EXTENSIONS,
  ...FIELD_TABLES,
  FILTERS_IN_ORDER,
  ...FINDING_CODES,
  GRPC_STATUSES,
  IMPORT_LAW,
  ...LIMITS,
  ...METRICS,
  READ_KINDS,
  REASON_CODES,
  STATUS_TYPES,
];
