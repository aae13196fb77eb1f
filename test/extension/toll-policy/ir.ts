import type { PolicyValueOf } from '../../../src/ir/policy-value.ts';

/** Every list lets a request through that has one of its passes. */
export type TollValue = PolicyValueOf<'toll', { readonly lists: readonly (readonly string[])[] }>;
