/**
 * Findings of commands besides schema and translation: no Gateway is served, and certificates that have expired. The
 * translator has no clock, and does not know whether other controllers exist.
 */
import { X509Certificate } from 'node:crypto';
import type { Secret } from '../../gatewayapi/core-kinds.ts';
import type { Finding, Severity } from '../../gatewayapi/finding.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { LoadedResources } from '../../provider/file/store.ts';
import type { Problem } from './problem.ts';

/** Every code. Stable: codes are added, not renamed. docs/reference/findings.md is generated from this table. */
export const COMMAND_FINDINGS = {
  'no-gateway-served': {
    severity: 'warning',
    text: 'Every Gateway belongs to another controller, so nothing is served.',
    advice: "`--all-classes`, or add a Gateway whose GatewayClass is Sluice's",
  },
  'certificate-expired': {
    severity: 'warning',
    text: 'The certificate of a listener has expired.',
    advice: 'renew it; it is served as it is',
  },
  'certificate-expires-soon': {
    severity: 'warning',
    text: 'The certificate of a listener expires within 30 days.',
    advice: 'renew it',
  },
  'certificate-not-yet-valid': {
    severity: 'warning',
    text: 'The certificate of a listener is not valid yet.',
    advice: 'check the clock, or wait',
  },
} as const satisfies Readonly<
  Record<string, { readonly severity: Severity; readonly text: string; readonly advice: string }>
>;

type Code = keyof typeof COMMAND_FINDINGS;

export const CERTIFICATE_EXPIRES_SOON_MS = 30 * 86_400_000;

/** `findings`: of the translator. */
export function commandFindings(
  loaded: Pick<LoadedResources, 'snapshot' | 'locate'>,
  findings: readonly Finding[],
  nowMs: number,
): Problem[] {
  return [...noGatewayServed(loaded, findings), ...certificateProblems(loaded, nowMs)];
}

function noGatewayServed(
  { snapshot, locate }: Pick<LoadedResources, 'snapshot' | 'locate'>,
  findings: readonly Finding[],
): Problem[] {
  const foreign = findings.filter(({ code }) => code === 'gateway-class-foreign');
  const [first] = foreign;
  if (first === undefined || foreign.length < snapshot.gateways.length) return [];
  const classes = [...new Set(snapshot.gateways.map(({ spec }) => spec.gatewayClassName))].toSorted();
  const message = `no Gateway is served: the ${classes.length === 1 ? 'class' : 'classes'} ${classes.join(', ')} ${classes.length === 1 ? 'belongs' : 'belong'} to another controller`;
  return [
    problem('no-gateway-served', {
      object: null,
      kind: null,
      group: null,
      message,
      hint: 'use --all-classes to include Gateways of other controllers',
      location: locate(first.object, 'spec.gatewayClassName'),
    }),
  ];
}

function problem(
  code: Code,
  details: Pick<Problem, 'object' | 'kind' | 'group' | 'message' | 'hint' | 'location'>,
): Problem {
  return { severity: COMMAND_FINDINGS[code].severity, code, path: '', ...details };
}

function certificateProblems(
  { snapshot, locate }: Pick<LoadedResources, 'snapshot' | 'locate'>,
  nowMs: number,
): Problem[] {
  const used = usedSecrets(snapshot);
  return snapshot.secrets.flatMap((secret) => {
    const { namespace = '', name } = secret.metadata;
    const validity = used.has(`${namespace}/${name}`) ? validityOf(secret) : null;
    const verdict = validity === null ? null : checkValidity(validity, nowMs);
    if (verdict === null) return [];
    const { code, words } = verdict;
    return [
      problem(code, {
        object: `Secret ${namespace}/${name}`,
        kind: 'Secret',
        group: '',
        message: `the certificate ${words}`,
        hint: code === 'certificate-not-yet-valid' ? null : 'renew it',
        location: locate({ group: '', kind: 'Secret', namespace, name }, 'data'),
      }),
    ];
  });
}

/** `namespace/name` of the Secrets with certificates of listeners. */
function usedSecrets({ gateways, listenerSets }: ResourceSnapshot): ReadonlySet<string> {
  const refs = [...gateways, ...listenerSets].flatMap(({ metadata, spec }) =>
    spec.listeners.flatMap(({ tls }) =>
      (tls?.certificateRefs ?? []).map(
        ({ namespace = metadata.namespace ?? '', name }) => `${namespace}/${name}`,
      ),
    ),
  );
  return new Set(refs);
}

interface Validity {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A status is built with every change, but Secrets rarely change. */
const KNOWN = new WeakMap<Secret, Validity | null>();

function validityOf(secret: Secret): Validity | null {
  let validity = KNOWN.get(secret);
  if (validity === undefined) {
    validity = readValidity(secret.data?.['tls.crt'] ?? '');
    KNOWN.set(secret, validity);
  }
  return validity;
}

/** Of the leaf; null if it is not a certificate, which the translator reports. */
function readValidity(base64: string): Validity | null {
  try {
    const { validFromDate, validToDate } = new X509Certificate(Buffer.from(base64, 'base64'));
    return { fromMs: validFromDate.getTime(), toMs: validToDate.getTime() };
  } catch {
    return null;
  }
}

function checkValidity(
  { fromMs, toMs }: Validity,
  nowMs: number,
): { readonly code: Code; readonly words: string } | null {
  const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  if (toMs <= nowMs) return { code: 'certificate-expired', words: `expired on ${dayOf(toMs)}` };
  if (fromMs > nowMs)
    return { code: 'certificate-not-yet-valid', words: `is not valid before ${dayOf(fromMs)}` };
  return toMs - nowMs < CERTIFICATE_EXPIRES_SOON_MS
    ? { code: 'certificate-expires-soon', words: `expires on ${dayOf(toMs)}` }
    : null;
}
