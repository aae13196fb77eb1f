/**
 * Contains defects: an exception while Sluice evaluates one object is a bug in Sluice and affects that object only. The object is closed,
 * and a finding names it.
 */
import type { ObjectMeta } from '../gatewayapi/object-meta.ts';
import { groupOf, type ObjectRef } from '../gatewayapi/ref.ts';
import type { Fault } from './faults/fault.ts';
import { internalError } from './faults/object-faults.ts';

/** Returns the result of `run`, or of `otherwise` if `run` throws. */
export function contain<Value>(run: () => Value, otherwise: (error: unknown) => Value): Value {
  try {
    return run();
  } catch (error) {
    return otherwise(error);
  }
}

interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** The failures of one object, by step: a step that succeeds later clears only its own failure. */
type Steps = Map<string, Fault>;

/**
 * Failures that no graph node carries. A failure is kept until its step succeeds or its object is removed: results are memoized, so most
 * steps do not run again.
 */
export class Defects {
  readonly #found = new Map<ApiObject, Steps>();

  /** Like `contain`; records the failure for `object`. */
  contain<Value>(
    [object, step]: readonly [object: ApiObject, step: string],
    run: () => Value,
    otherwise: (fault: Fault) => Value,
  ): Value {
    try {
      const value = run();
      if (this.#found.size > 0) this.#succeeded(object, step);
      return value;
    } catch (error) {
      const fault = internalError('', error, 'Invalid');
      const steps = this.#found.get(object) ?? new Map<string, Fault>();
      this.#found.set(object, steps.set(step, fault));
      return otherwise(fault);
    }
  }

  #succeeded(object: ApiObject, step: string): void {
    const steps = this.#found.get(object);
    steps?.delete(step);
    if (steps?.size === 0) this.#found.delete(object);
  }

  /** Drops the failures of objects that are in none of these lists. */
  keepOnly(lists: readonly (readonly object[])[]): void {
    for (const object of this.#found.keys()) {
      if (!lists.some((list) => list.includes(object))) this.#found.delete(object);
    }
  }

  get all(): readonly { readonly object: ObjectRef; readonly faults: readonly Fault[] }[] {
    return [...this.#found].map(([{ apiVersion, kind, metadata }, steps]) => ({
      object: {
        group: groupOf(apiVersion),
        kind,
        namespace: metadata.namespace ?? '',
        name: metadata.name,
      },
      faults: [...steps.values()],
    }));
  }
}
