/** ResponsePolicy: what responses look like, those of the gateway itself included. proxy/filter/response says what each setting does. */
import type { ResponsePolicy, ResponsePolicyError } from '../../../gatewayapi/generated/types.ts';
import { SLUICE_GROUP } from '../../../gatewayapi/ref.ts';
import { REASONS } from '../../../ir/reason.ts';
import type { ErrorPage } from '../../../ir/response.ts';
import type { Fault } from '../../faults/fault.ts';
import { errorPageReasonUnknown, hstsPreloadIncomplete } from '../../faults/response-faults.ts';
import { headerRepeated } from '../../faults/route-faults.ts';
import { fieldWarnings } from '../../filter/header-fields.ts';
import type { ReferenceContext } from '../../graph/certificate.ts';
import { readBody, type BodySpec } from '../../graph/content-body.ts';
import { readMeasures } from '../../measures.ts';
import { policyValue } from '../faults.ts';
import type { PolicyKind, PolicyReading } from '../policy-kind.ts';
import { cidrFaults } from '../request-conditions.ts';
import {
  A_YEAR_MS,
  RESPONSE_SETTINGS,
  RESPONSE_UNITS,
  type MaintenanceSettings,
  type ReadMaintenance,
  type ResponsePolicySettings,
} from './response-settings.ts';

export const RESPONSE_POLICY: PolicyKind<ResponsePolicy, ResponsePolicySettings> = {
  group: SLUICE_GROUP,
  kind: 'ResponsePolicy',
  objects: ({ responsePolicies }) => responsePolicies,
  targets: ['Gateway', 'ListenerSet', 'HTTPRoute', 'GRPCRoute'],
  attachment: { kind: 'inherited' },
  whenInvalid: 'ignored',
  hasReferences: true,
  isReferable: true,
  settings: RESPONSE_SETTINGS,
  read: readResponsePolicy,
};

type Spec = ResponsePolicy['spec'];

interface BodyContext {
  readonly context: ReferenceContext;
  readonly found: Found;
}

interface Found {
  readonly faults: Fault[];
  readonly referenceFaults: Fault[];
}

/** A body that does not exist is left out: everything else applies. */
function readResponsePolicy(
  { spec }: ResponsePolicy,
  context: ReferenceContext,
): PolicyReading<ResponsePolicySettings> {
  const found: Found = { faults: [], referenceFaults: [] };
  const at = { context, found };
  const { headers, hsts, maintenance } = spec;
  const { settings: read, unreadable } = readMeasures(
    { ...(hsts === undefined ? {} : { hsts }), ...(maintenance === undefined ? {} : { maintenance }) },
    RESPONSE_UNITS,
  );
  const settings: ResponsePolicySettings = {
    ...(headers === undefined ? {} : { headers }),
    ...(read.hsts === undefined ? {} : { hsts: read.hsts }),
    ...(spec.errors === undefined ? {} : { errors: readErrors(spec.errors, at) }),
    ...(read.maintenance === undefined
      ? {}
      : { maintenance: withBody(read.maintenance, maintenance?.body, at) }),
  };
  const faults = [
    ...found.faults,
    ...headerFaults(headers),
    ...unreadable.map(({ path, why }) => policyValue(`spec.${path}`, why)),
    ...cidrFaults(maintenance?.exceptCIDRs ?? [], 'spec.maintenance.exceptCIDRs'),
  ];
  return {
    settings: faults.length > 0 ? null : settings,
    faults,
    referenceFaults: found.referenceFaults,
    warnings: warningsOf(spec, read.hsts),
  };
}

/** Adds to `found`; null for a body that cannot be sent. */
function bodyOf(spec: BodySpec, path: string, { context, found }: BodyContext): ErrorPage['body'] | null {
  const body = readBody(spec, path, context);
  if (body.ok) return body.value;
  if ('faults' in body.failure) found.faults.push(...body.failure.faults);
  else found.referenceFaults.push(...body.failure.referenceFaults);
  return null;
}

const OF = { Gateway: 'gateway', Backend: 'backend', Both: 'both' } as const;

const readErrors = (errors: readonly ResponsePolicyError[], at: BodyContext): readonly ErrorPage[] =>
  errors.flatMap(({ statuses, reasons, of = 'Gateway', accept, status, body: spec }, index) => {
    const body = bodyOf(spec, `spec.errors[${String(index)}].body`, at);
    if (body === null) return [];
    return [
      {
        statuses: statuses ?? null,
        reasons: reasons ?? null,
        of: OF[of],
        accept: accept?.map((type) => type.toLowerCase()) ?? null,
        status: status ?? null,
        body,
      },
    ];
  });

function withBody(
  { enabled, retryAfter, exceptCIDRs }: ReadMaintenance,
  spec: BodySpec | undefined,
  at: BodyContext,
): MaintenanceSettings {
  const body = spec === undefined ? null : bodyOf(spec, 'spec.maintenance.body', at);
  return {
    ...(enabled === undefined ? {} : { enabled }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(exceptCIDRs === undefined ? {} : { exceptCIDRs }),
    ...(body === null ? {} : { body: [body] }),
  };
}

/** Of one name, only one action is possible. */
function headerFaults(headers: Spec['headers'] = {}): readonly Fault[] {
  const { set = [], remove = [], setIfAbsent = [] } = headers;
  const seen = new Set<string>();
  const named = [
    ...set.map(({ name }, index) => [name, `spec.headers.set[${String(index)}]`] as const),
    ...remove.map((name, index) => [name, `spec.headers.remove[${String(index)}]`] as const),
    ...setIfAbsent.map(({ name }, index) => [name, `spec.headers.setIfAbsent[${String(index)}]`] as const),
  ];
  return named.flatMap(([name, path]) => {
    const key = name.toLowerCase();
    if (seen.has(key)) return [{ ...headerRepeated(path, name), reason: 'Invalid' as const }];
    seen.add(key);
    return [];
  });
}

function warningsOf(
  { headers = {}, errors = [] }: Spec,
  hsts: ResponsePolicySettings['hsts'],
): readonly Fault[] {
  const { set, add, setIfAbsent } = headers;
  const isPreloadable = hsts?.includeSubDomains === true && (hsts.maxAge ?? A_YEAR_MS) >= A_YEAR_MS;
  return [
    ...fieldWarnings(set, 'spec.headers.set'),
    ...fieldWarnings(add, 'spec.headers.add'),
    ...fieldWarnings(setIfAbsent, 'spec.headers.setIfAbsent'),
    ...(hsts?.preload === true && !isPreloadable ? [hstsPreloadIncomplete('spec.hsts.preload')] : []),
    ...errors.flatMap(({ reasons = [] }, index) =>
      reasons
        .filter((reason) => !Object.hasOwn(REASONS, reason))
        .map((reason) => errorPageReasonUnknown(`spec.errors[${String(index)}].reasons`, reason)),
    ),
  ];
}
