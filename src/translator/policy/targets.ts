/** Which policy governs what: the oldest that targets it (GEP-713, conflict resolution). */
import type { Service } from '../../gatewayapi/core-kinds.ts';
import { CORE_GROUP, EXPERIMENTAL_GROUP, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { Fault } from '../faults/fault.ts';
import { policySectionNotFound, policyTargetNotFound, policyTargetUnsupported } from './faults.ts';
import type { PolicyTarget } from '../graph/nodes.ts';
import type { Lookup } from '../graph/snapshot-index.ts';

interface TargetRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly sectionName?: string;
}

/** Targets taken so far, by target and section; the first to claim one keeps it. */
export class PolicyClaims {
  readonly #owners = new Map<string, ObjectRef>();

  /** The policy that governs exactly this target and section, or undefined. */
  owner(target: ObjectRef, sectionName: string | null): ObjectRef | undefined {
    return this.#owners.get(claimKey(target, sectionName));
  }

  /** Claims for `policy` unless it is taken; returns who it is taken by, or null. */
  claim(policy: ObjectRef, target: ObjectRef, sectionName: string | null): ObjectRef | null {
    const key = claimKey(target, sectionName);
    const owner = this.#owners.get(key);
    if (owner !== undefined) return owner;
    this.#owners.set(key, policy);
    return null;
  }
}

export function claimKey(target: ObjectRef, sectionName: string | null): string {
  return [target.group, target.kind, target.namespace, target.name, sectionName ?? ''].join('|');
}

/** Links the targetRefs of one policy. Policies must come in order of precedence. */
export function linkTargets(
  policy: ObjectRef,
  refs: readonly TargetRef[],
  context: { readonly lookup: Lookup; readonly claims: PolicyClaims; readonly kinds: readonly string[] },
): readonly PolicyTarget[] {
  return refs.map((targetRef, index) => {
    const path = `spec.targetRefs[${index}]`;
    const { group, kind, name } = targetRef;
    const ref: ObjectRef = { group, kind, namespace: policy.namespace, name };
    const sectionName = targetRef.sectionName ?? null;
    const missing = findMissing(context, ref, { path, sectionName });
    const lostTo = missing === null ? context.claims.claim(policy, ref, sectionName) : null;
    return { ref, sectionName, path, missing, lostTo };
  });
}

function findMissing(
  context: { readonly lookup: Lookup; readonly kinds: readonly string[] },
  ref: ObjectRef,
  at: { readonly path: string; readonly sectionName: string | null },
): Fault | null {
  const { lookup, kinds } = context;
  if (ref.group === CORE_GROUP && ref.kind === 'Service' && kinds.includes('Service')) {
    const service = lookup.service(ref.namespace, ref.name);
    if (service === undefined) return policyTargetNotFound(at.path, ref);
    return at.sectionName === null ? null : findMissingPort(service, ref, at.path, at.sectionName);
  }
  if (ref.group === EXPERIMENTAL_GROUP && ref.kind === 'XBackend' && kinds.includes('XBackend')) {
    return lookup.backend(ref.namespace, ref.name) === undefined ? policyTargetNotFound(at.path, ref) : null;
  }
  return policyTargetUnsupported(at.path, ref, kinds);
}

function findMissingPort(service: Service, ref: ObjectRef, path: string, section: string): Fault | null {
  const names = (service.spec?.ports ?? []).flatMap((port) => (port.name === undefined ? [] : [port.name]));
  return names.includes(section) ? null : policySectionNotFound(path, ref, section, { what: 'port', names });
}
