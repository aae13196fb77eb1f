/** Policies for the data plane: the values that ports, listeners, rules and backends carry, and which of them policies close. */
import type { Origin } from '../../ir/origin.ts';
import type { PolicyValue } from '../../ir/policy-value.ts';
import { describeRef } from '../../gatewayapi/ref.ts';
import { BackendSettingsLowering } from './backend-policy/lowering.ts';
import type { Combined } from './combine.ts';
import type { Hierarchy } from './hierarchy.ts';
import type { PolicyCarrier, PolicyLayer, PolicySettings } from './policy-settings.ts';

export class PolicyLowering {
  readonly hierarchy: Hierarchy;
  /** Settings for which rules and clusters have members of their own. */
  readonly backends: BackendSettingsLowering;
  readonly #values = new Map<Combined, PolicyValue | null>();

  constructor(hierarchy: Hierarchy) {
    this.hierarchy = hierarchy;
    this.backends = new BackendSettingsLowering(hierarchy);
  }

  /** The member `policies` of a part of the configuration; no member where there is no value. `layers`: all that govern it. */
  valuesFor(
    carrier: PolicyCarrier,
    layers: readonly PolicyLayer[],
  ): { readonly policies?: readonly PolicyValue[] } {
    if (layers.length === 0) return {};
    const policies = this.hierarchy.settings.flatMap((settings) =>
      settings.lower !== undefined && settings.carriers.includes(carrier)
        ? (this.#valueOf(settings, this.hierarchy.combine(settings, layers)) ?? [])
        : [],
    );
    return policies.length === 0 ? {} : { policies };
  }

  /** Equal values are one object. */
  #valueOf(settings: PolicySettings, combined: Combined): PolicyValue | null {
    const known = this.#values.get(combined);
    if (known !== undefined) return known;
    const value = lowerValue(settings, combined);
    this.#values.set(combined, value);
    return value;
  }
}

function lowerValue(settings: PolicySettings, combined: Combined): PolicyValue | null {
  if (combined.contributors.length === 0) return null;
  const lowered =
    settings.merge === 'add-up'
      ? settings.lower(combined.items.map(({ item }) => item.value))
      : (settings.lower?.(combined.merged.spec) ?? null);
  if (lowered === null) return null;
  return { kind: settings.name, settings: lowered, from: combined.contributors.map(originOf) };
}

const originOf = ({ source: { kind, namespace, name } }: PolicyLayer): Origin => ({ kind, namespace, name });

/** Why a policy closes the traffic that `layers` govern, or null. */
export function closedBy(layers: readonly PolicyLayer[]): string | null {
  const closing = layers.filter(({ closed }) => closed !== null);
  if (closing.length === 0) return null;
  return closing.map(({ source, closed }) => `${describeRef(source)} is invalid: ${closed ?? ''}`).join(' ');
}
