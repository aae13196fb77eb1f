/**
 * Which fields of a request are used. A hidden field is treated as not sent: matching, hashing, filters, auth servers and backends do not see
 * it. Hidden are forwarding fields of peers that the Gateway does not trust, and, by default, names with an underscore.
 */
import type { ProxySettings } from '../../ir/gateway-config.ts';
import { FRAMING_FIELDS } from '../../lib/framing-fields.ts';
import { HeaderId, Suspect, headerIdOf, suspectOf } from './header-id.ts';

/** Which fields of a head to hide. */
export interface FieldHiding {
  /**
   * Whether `hides` may be true for a field with these properties. `suspect`: a sum of `Suspect`. `hash`: of its name (`nameHash`); null
   * where it is not known.
   */
  concerns(suspect: number, hash: number | null): boolean;
  /** Whether to hide a field for which `concerns` is true. `name` in lower case. */
  hides(suspect: number, name: string): boolean;
}

export class FieldPolicy implements FieldHiding {
  readonly #isTrusted: boolean;
  /** A sum of `Suspect`: fields of these kinds are hidden regardless of their name. */
  readonly #hidden: number;

  constructor(dropsUnderscores: boolean, isTrusted: boolean) {
    this.#isTrusted = isTrusted;
    this.#hidden =
      (isTrusted ? Suspect.none : Suspect.forwarding) |
      (dropsUnderscores ? Suspect.underscore : Suspect.none);
  }

  concerns(suspect: number): boolean {
    return (suspect & (this.#hidden | Suspect.underscore)) !== 0;
  }

  hides(suspect: number, name: string): boolean {
    return (suspect & this.#hidden) !== 0 || this.#isDangerousTwin(name);
  }

  /** A name that becomes the name of a gateway field in applications that map `_` to `-`. */
  #isDangerousTwin(name: string): boolean {
    const original = name.replaceAll('_', '-');
    const id = headerIdOf(original);
    if (FRAMING_FIELDS.has(original) || id === HeaderId.host || id === HeaderId.proxy) return true;
    return !this.#isTrusted && (suspectOf(id, original) & Suspect.forwarding) !== 0;
  }
}

const ALLOW_FROM_TRUSTED = new FieldPolicy(false, true);
const ALLOW_FROM_OTHERS = new FieldPolicy(false, false);
const DROP_FROM_TRUSTED = new FieldPolicy(true, true);
const DROP_FROM_OTHERS = new FieldPolicy(true, false);

/** For requests to a Gateway with these settings; `isTrusted`: the peer is in its `trustedCidrs`. */
export function fieldPolicy({ headersWithUnderscores }: ProxySettings, isTrusted: boolean): FieldPolicy {
  if (headersWithUnderscores === 'Allow') return isTrusted ? ALLOW_FROM_TRUSTED : ALLOW_FROM_OTHERS;
  return isTrusted ? DROP_FROM_TRUSTED : DROP_FROM_OTHERS;
}

/** Whether the Gateway refuses a request with such fields. `suspects` as in `RequestHead.suspects`. */
export const refusesFields = ({ headersWithUnderscores }: ProxySettings, suspects: number): boolean =>
  headersWithUnderscores === 'Reject' && (suspects & Suspect.underscore) !== 0;
