/**
 * Reference pages of Sluice's own kinds: every field, from the CRDs. A description ends with
 * `Default: VALUE.` or `Required.`, because the CRDs set no defaults.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { isCustom } from '../../src/gatewayapi/kind.ts';
import { KINDS } from '../../src/gatewayapi/kinds.ts';
import { lowerSettings } from '../../src/translator/lower/proxy-config.ts';
import { readCrd, type JsonSchema } from '../generate/crd.ts';
import { asCode, markdownTable, type Section } from './section.ts';

const CRDS = join(import.meta.dirname, '..', '..', 'src', 'gatewayapi', 'crds');

interface FieldRow {
  /** `spec.retry.codes[]`. */
  readonly path: string;
  readonly type: string;
  /** `` without one. */
  readonly fallback: string;
  readonly meaning: string;
}

/** All fields below `spec` of a kind of Sluice, in the order of its CRD. Throws for a field without a description. */
export function readFields(kind: string): readonly FieldRow[] {
  const crds = readdirSync(CRDS).flatMap((file) => {
    const document: unknown = parse(readFileSync(join(CRDS, file), 'utf8'));
    return readCrd(document, Object.values(KINDS).filter(isCustom)) ?? [];
  });
  const spec = crds.find((crd) => crd.kind === kind)?.versions[0].schema.properties?.['spec'];
  if (spec === undefined) throw new Error(`no CRD of ${kind} with a spec`);
  return rowsOf(spec, 'spec', spec.description, false);
}

/** `description`: of the field, which a list has itself and not its items. */
function rowsOf(
  schema: JsonSchema,
  path: string,
  description: string | undefined,
  isRequired: boolean,
): readonly FieldRow[] {
  const { items, properties = {}, required = [] } = schema;
  if (items !== undefined) return rowsOf(items, `${path}[]`, schema.description, isRequired);
  const fields = Object.entries(properties);
  if (fields.length === 0) return [rowOf(schema, path, description, isRequired)];
  return fields.flatMap(([name, field]) =>
    rowsOf(field, `${path}.${name}`, field.description, required.includes(name)),
  );
}

function rowOf(schema: JsonSchema, path: string, description = '', isRequired: boolean): FieldRow {
  if (description === '') throw new Error(`${path} has no description`);
  const [, meaning = '', fallback, required] =
    /^([^]*?\.)(?: Default: ([^]*)\.| (Required)\.)?$/.exec(description) ?? [];
  if (meaning === '') throw new Error(`the description of ${path} is not a sentence`);
  return {
    path,
    type: typeOf(schema),
    fallback: fallback ?? (isRequired || required !== undefined ? 'required' : ''),
    meaning,
  };
}

const DURATION = '^([0-9]{1,5}(h|m|s|ms)){1,4}$';
/** Longer lists of values are left to the CRD. */
const MAX_VALUES = 8;
/** Upper limits of this size and above only say that the number is stored in 31 or 32 bits, or that there is some limit. */
const NO_LIMIT = 100_000;

function typeOf(schema: JsonSchema): string {
  const { type = '', enum: values, pattern, minimum, maximum, additionalProperties } = schema;
  if (values !== undefined && values.length <= MAX_VALUES) return values.map(String).map(asCode).join(', ');
  if (schema['x-kubernetes-int-or-string'] === true) return 'size';
  if (pattern === DURATION) return 'duration';
  if (additionalProperties !== undefined) return 'map';
  if (type !== 'integer') return type;
  const isBounded = typeof maximum === 'number' && maximum < NO_LIMIT;
  if (typeof minimum !== 'number') return type;
  return isBounded ? `${String(minimum)} to ${String(maximum)}` : `integer ≥ ${String(minimum)}`;
}

/** Words that are not a value, such as `the system's`. */
const isProse = (fallback: string): boolean =>
  /^(required|none|any|all|empty|forever|unlimited|the .*)$/.test(fallback);

/** Defaults that are too long for the table. */
const LONG_DEFAULTS: Readonly<Record<string, string>> = {
  'spec.gatewayOverrides.allow[]': '[see below](#what-a-gateway-may-decide-itself)',
};

/** Pages about a field. */
const SEE: Readonly<Record<string, string>> = {
  'spec.proxy.accessLog.enabled': '[Fields](access-log.md).',
  'spec.proxy.grpcWeb': '[gRPC-Web](grpc.md#grpc-web).',
  'spec.proxy.reasonHeader': '[Reasons](reasons.md).',
  'spec.proxy.headersWithUnderscores': '[Why](routing.md#5-client-information-for-backends).',
  'spec.proxy.trustedCIDRs[]': '`sluice run --trusted-cidrs` sets another default.',
};

function shownDefault({ path, fallback }: FieldRow): string {
  if (path in LONG_DEFAULTS) return LONG_DEFAULTS[path] ?? '';
  return fallback === '' || isProse(fallback) ? fallback : asCode(fallback);
}

const meaningOf = ({ path, meaning }: FieldRow): string =>
  path in SEE ? `${meaning} ${SEE[path] ?? ''}` : meaning;

/** Fields that reach a proxy with its configuration; the others apply to its pods and Service. */
function appliesTo(path: string): 'everywhere' | 'Kubernetes' {
  const [, block = '', name = ''] = path.replaceAll('[]', '').split('.');
  if (block === 'limits' || block === 'timeouts') return 'everywhere';
  const settings = Object.keys(lowerSettings([], [])).map((setting) => setting.toLowerCase());
  return block === 'proxy' && settings.includes(name.toLowerCase()) ? 'everywhere' : 'Kubernetes';
}

/** A section `fields-KIND` of `page`. */
const fieldsOf = (
  kind: string,
  page: string,
  extra: readonly (readonly [heading: string, cell: (path: string) => string])[] = [],
): Section => ({
  page: `docs/reference/${page}`,
  name: `fields-${kind.toLowerCase()}`,
  render: () =>
    markdownTable(
      ['field', 'type', 'default', ...extra.map(([heading]) => heading), 'meaning'],
      readFields(kind).map((row) => [
        asCode(row.path),
        row.type,
        shownDefault(row),
        ...extra.map(([, cell]) => cell(row.path)),
        meaningOf(row),
      ]),
    ),
});

export const FIELD_TABLES: readonly Section[] = [
  fieldsOf('AccessPolicy', 'access-policy.md'),
  fieldsOf('AuthPolicy', 'auth-policy.md'),
  fieldsOf('BackendPolicy', 'backend-policy.md'),
  fieldsOf('CompressionPolicy', 'compression-policy.md'),
  fieldsOf('DirectResponse', 'direct-response.md'),
  fieldsOf('ResponsePolicy', 'response-policy.md'),
  fieldsOf('RewriteFilter', 'rewrite-filter.md'),
  fieldsOf('RateLimitPolicy', 'rate-limit-policy.md'),
  fieldsOf('ProxyConfig', 'proxy-config.md', [['applies to', appliesTo]]),
];
