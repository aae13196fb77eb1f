/** CompressionPolicies that govern a rule, a backend or a listener, merged. */
import type { PolicyValueOf } from './policy-value.ts';

export type CompressionValue = PolicyValueOf<'compression', CompressionSettings>;

/** Content codings that the gateway can apply. */
export const CODINGS = ['zstd', 'br', 'gzip'] as const;
export type Coding = (typeof CODINGS)[number];

export interface CompressionSettings {
  /** In order of preference; never empty. */
  readonly encodings: readonly { readonly coding: Coding; readonly level: number }[];
  /** Lower-case media types without parameters; `text/*` and `application/*+json` are ranges. */
  readonly types: readonly string[];
  /** Shorter responses of known length are sent as they are. */
  readonly minBytes: number;
}
