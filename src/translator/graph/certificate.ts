/** Resolves references to certificates and CA bundles. */
import { CORE_GROUP, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { Referrer } from '../../gatewayapi/reference-grant.ts';
import { certificateId, type CertificateId } from '../../ir/ids.ts';
import { decodeBase64Latin1 } from '../../lib/base64.ts';
import { failure, success, type Result } from '../../lib/result.ts';
import type { Fault } from '../faults/fault.ts';
import {
  caKindUnsupported,
  caNotFound,
  caUnusable,
  certificateKindUnsupported,
  certificateNotFound,
  certificateUnusable,
  refNotPermitted,
} from '../faults/reference-faults.ts';
import type { TranslateOptions } from '../types.ts';
import { configMapText } from './config-map-text.ts';
import type { Lookup } from './snapshot-index.ts';
import type { ConditionReason } from '../status/catalog/condition-catalog.ts';

export interface CertificateNode {
  readonly id: CertificateId;
  readonly certificatePem: string;
  readonly keyPem: string;
  /** DER in base64; null: the Secret has none. */
  readonly ocspResponse: string | null;
  /** DNS names, lower case. */
  readonly names: readonly string[];
}

/** The context of resolving a reference: the referring object, and access to other objects. */
export interface ReferenceContext {
  readonly lookup: Lookup;
  readonly options: TranslateOptions;
  readonly from: Referrer;
}

interface LooseRef {
  readonly group?: string;
  readonly kind?: string;
  readonly name: string;
  readonly namespace?: string;
}

/** A Secret of type kubernetes.io/tls, or any Secret with its two keys. `reason`: the condition's reason if the Secret is unusable. */
export function resolveCertificate(
  context: ReferenceContext,
  ref: LooseRef,
  at: { readonly path: string; readonly reason: ConditionReason },
): Result<CertificateNode, Fault> {
  const target = objectRef(ref, 'Secret', context.from.namespace);
  if (target.group !== CORE_GROUP || target.kind !== 'Secret') {
    return failure(certificateKindUnsupported(at.path, target, at.reason));
  }
  if (!context.lookup.granted(context.from, target)) {
    return failure(refNotPermitted(at.path, context.from, target));
  }
  const secret = context.lookup.secret(target.namespace, target.name);
  if (secret === undefined) return failure(certificateNotFound(at.path, target, at.reason));
  const certificatePem = decodeBase64Latin1(secret.data?.['tls.crt'] ?? '');
  const keyPem = decodeBase64Latin1(secret.data?.['tls.key'] ?? '');
  const unusable = (why: string): Result<never, Fault> =>
    failure(certificateUnusable(at.path, target, at.reason, why));
  if (certificatePem === null || certificatePem === '')
    return unusable('the key tls.crt contains no PEM data.');
  if (keyPem === null || keyPem === '') return unusable('the key tls.key contains no PEM data.');
  const reading = context.options.readCertificate(certificatePem, keyPem);
  if (!reading.ok) return unusable(reading.message);
  const id = certificateId(`${target.namespace}/${target.name}`);
  const ocspResponse = readOcspResponse(secret.data?.[OCSP_KEY]);
  return success({ id, certificatePem, keyPem, ocspResponse, names: reading.names });
}

/** The same key as in Envoy Gateway: the tool that renews OCSP responses writes them next to the certificate. */
const OCSP_KEY = 'tls.ocsp-staple';
/** Every OCSPResponse is an ASN.1 SEQUENCE (RFC 6960 section 4.2.1). */
const SEQUENCE = '0';

function readOcspResponse(base64: string | undefined): string | null {
  const der = decodeBase64Latin1(base64 ?? '');
  return base64 !== undefined && der?.startsWith(SEQUENCE) === true ? base64 : null;
}

export interface CaBundle {
  /** PEM of all usable references together; null when none is usable. */
  readonly caPem: string | null;
  readonly faults: readonly Fault[];
}

/** Reasons a condition gives for a bad CA reference; the API names them differently for listeners and policies. */
export interface CaReasons {
  readonly kind: ConditionReason;
  readonly ref: ConditionReason;
}

/** ConfigMaps or Secrets with the key ca.crt. */
export function resolveCaBundle(
  context: ReferenceContext,
  refs: readonly LooseRef[],
  at: { readonly path: string; readonly reasons: CaReasons },
): CaBundle {
  const pems: string[] = [];
  const faults: Fault[] = [];
  for (const [index, ref] of refs.entries()) {
    const resolved = resolveCa(context, ref, { ...at, path: `${at.path}[${index}]` });
    if (resolved.ok) pems.push(resolved.value);
    else faults.push(resolved.failure);
  }
  return { caPem: pems.length === 0 ? null : pems.join('\n'), faults };
}

function resolveCa(
  context: ReferenceContext,
  ref: LooseRef,
  at: { readonly path: string; readonly reasons: CaReasons },
): Result<string, Fault> {
  const target = objectRef(ref, 'ConfigMap', context.from.namespace);
  if (target.group !== CORE_GROUP || (target.kind !== 'ConfigMap' && target.kind !== 'Secret')) {
    return failure(caKindUnsupported(at.path, target, at.reasons.kind));
  }
  if (!context.lookup.granted(context.from, target)) {
    return failure(refNotPermitted(at.path, context.from, target));
  }
  const pem = readCa(context.lookup, target);
  if (pem === undefined) return failure(caNotFound(at.path, target, at.reasons.ref));
  const why = pem === null ? 'the key is missing.' : context.options.validateCaBundle(pem);
  if (why !== null || pem === null) {
    return failure(caUnusable(at.path, target, at.reasons.ref, why ?? 'the key is missing.'));
  }
  return success(pem);
}

/** undefined: no such object; null: it has no ca.crt. */
function readCa(lookup: Lookup, target: ObjectRef): string | null | undefined {
  if (target.kind === 'Secret') {
    const secret = lookup.secret(target.namespace, target.name);
    if (secret === undefined) return undefined;
    const encoded = secret.data?.['ca.crt'];
    return encoded === undefined ? null : decodeBase64Latin1(encoded);
  }
  const configMap = lookup.configMap(target.namespace, target.name);
  return configMap === undefined ? undefined : configMapText(configMap, 'ca.crt');
}

function objectRef(ref: LooseRef, defaultKind: string, namespace: string): ObjectRef {
  return {
    group: ref.group ?? CORE_GROUP,
    kind: ref.kind ?? defaultKind,
    namespace: ref.namespace ?? namespace,
    name: ref.name,
  };
}
