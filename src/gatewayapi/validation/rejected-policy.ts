/**
 * Policies of which no version was ever valid. A policy that protects must close what it names rather than leave it open, so that its name
 * and the targets that can be read are kept.
 */
import type { RegisteredKind } from '../kind-registry.ts';
import { markRejected, type Violation } from '../rejection.ts';
import { isJsonObject, type JsonObject } from './schema.ts';

/**
 * The policy without anything but its targets, marked as rejected; null for an object of another kind. The caller reports the violations.
 */
export function rejectedPolicy(
  { metadata, spec }: JsonObject,
  { kind, apiVersion, status }: RegisteredKind,
  violations: readonly Violation[],
): JsonObject | null {
  if (status !== 'policy' || !isJsonObject(metadata)) return null;
  const refs = isJsonObject(spec) ? spec['targetRefs'] : undefined;
  const targetRefs = Array.isArray(refs) ? refs.flatMap((ref) => readableTarget(ref) ?? []) : [];
  return markRejected({ apiVersion, kind, metadata, spec: { targetRefs } }, violations, 'reported');
}

/** Of a target whose section cannot be read, all. */
function readableTarget(ref: unknown): JsonObject | null {
  if (!isJsonObject(ref)) return null;
  const { group, kind, name, sectionName } = ref;
  if (typeof group !== 'string' || typeof kind !== 'string' || typeof name !== 'string') return null;
  return typeof sectionName === 'string' ? { group, kind, name, sectionName } : { group, kind, name };
}
