/** Lowers policies: the values of ports, listeners, rules and backends, and which of them policies close. */
import type { Origin } from '../../ir/origin.ts';
import type { PolicyValue } from '../../ir/policy-value.ts';
import { describeRef } from '../../gatewayapi/ref.ts';
import type { Combined, PlacedItem } from './combine.ts';
import type { Hierarchy } from './hierarchy.ts';
import { LoweredMembers } from './members.ts';
import type { AppliedItem, PolicyCarrier, PolicyLayer, PolicySettings } from './policy-settings.ts';

interface CarriedValues {
  readonly policies?: readonly PolicyValue[];
}

export class PolicyLowering {
  readonly hierarchy: Hierarchy;
  readonly members: LoweredMembers;
  readonly #known = new Map<Combined, Map<PolicyCarrier, PolicyValue | null>>();

  constructor(hierarchy: Hierarchy) {
    this.hierarchy = hierarchy;
    this.members = new LoweredMembers(hierarchy);
  }

  /** The member `policies` of a part of the configuration; no member if there is no value. `layers`: all that apply to it. */
  valuesFor(
    carrier: PolicyCarrier,
    layers: readonly PolicyLayer[],
    traffic: Traffic = 'http',
  ): CarriedValues {
    return this.#lower(
      carrier,
      layers,
      (settings) => settings.carriers.includes(carrier) && appliesTo(settings, traffic),
    );
  }

  /** The member `policies` of a rule that answers 500. */
  valuesForFailure(layers: readonly PolicyLayer[]): CarriedValues {
    return this.#lower(
      'rule',
      layers,
      ({ carriers, actsOnFailures }) => actsOnFailures === true && carriers.includes('rule'),
    );
  }

  #lower(
    carrier: PolicyCarrier,
    layers: readonly PolicyLayer[],
    isWanted: (settings: PolicySettings) => boolean,
  ): CarriedValues {
    if (layers.length === 0) return {};
    const policies = this.hierarchy.settings.flatMap((settings) =>
      settings.lower !== undefined && isWanted(settings)
        ? (this.#valueOf(settings, carrier, this.hierarchy.combine(settings, layers)) ?? [])
        : [],
    );
    return policies.length === 0 ? {} : { policies };
  }

  /** Equal values are one object. */
  #valueOf(settings: PolicySettings, carrier: PolicyCarrier, combined: Combined): PolicyValue | null {
    const ofCarriers = this.#known.get(combined) ?? new Map<PolicyCarrier, PolicyValue | null>();
    this.#known.set(combined, ofCarriers);
    const known = ofCarriers.get(carrier);
    if (known !== undefined) return known;
    const value = lowerValue(settings, carrier, combined);
    ofCarriers.set(carrier, value);
    return value;
  }

  /** Why a policy that applies to layer-4 traffic closes it although the policy is valid; null: none does. */
  closedOnLayer4(layers: readonly PolicyLayer[]): string | null {
    const problems = this.hierarchy.settings.flatMap((settings) =>
      this.hierarchy.combine(settings, layers).items.flatMap(({ layer }) => problemOnLayer4(layer) ?? []),
    );
    return problems.length === 0 ? null : problems.join(' ');
  }
}

/** Why the policy of a layer closes layer-4 traffic; null: it does not. */
export function problemOnLayer4({ settings, source, spec }: PolicyLayer): string | null {
  const why = settings.merge === 'add-up' ? (settings.problemOnLayer4?.(spec) ?? null) : null;
  return why === null ? null : `${describeRef(source)}: ${why}`;
}

function lowerValue(
  settings: PolicySettings,
  carrier: PolicyCarrier,
  combined: Combined,
): PolicyValue | null {
  if (combined.contributors.length === 0) return null;
  const lowered =
    settings.merge === 'add-up'
      ? settings.lower(combined.items.map(appliedItem), carrier)
      : (settings.lower?.(combined.merged.spec) ?? null);
  if (lowered === null) return null;
  return { kind: settings.name, settings: lowered, from: combined.contributors.map(originOf) };
}

const appliedItem = ({ item, layer }: PlacedItem): AppliedItem => ({
  value: item.value,
  policy: originOf(layer),
  level: layer.level,
});

const originOf = ({ source: { kind, namespace, name } }: PolicyLayer): Origin => ({ kind, namespace, name });

/** What a rule and its backends carry. */
export type Traffic = 'http' | 'layer4';

export const appliesTo = ({ layer4 }: PolicySettings, traffic: Traffic): boolean =>
  traffic === 'http' || layer4 === true;

/** Why a policy closes the traffic of these `layers`, or null. */
export function closedBy(layers: readonly PolicyLayer[], traffic: Traffic): string | null {
  const closing = layers.filter(({ closed, settings }) => closed !== null && appliesTo(settings, traffic));
  if (closing.length === 0) return null;
  return closing.map(({ source, closed }) => `${describeRef(source)} is invalid: ${closed ?? ''}`).join(' ');
}
