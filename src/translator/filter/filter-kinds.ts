/** Every filter type that the translator serves. */
import { cors } from './cors.ts';
import { extensionRef } from './extension-ref.ts';
import { externalAuth } from './external-auth.ts';
import type { FilterKind, FilterKinds } from './filter-kind.ts';
import { mirror } from './mirror.ts';
import { redirect } from './redirect.ts';
import { requestHeaders, responseHeaders } from './header-modifier.ts';
import { urlRewrite } from './url-rewrite.ts';

export const filterKinds = (kinds: readonly FilterKind[]): FilterKinds =>
  new Map(kinds.map((kind) => [kind.type, kind]));

export const FILTER_KINDS: FilterKinds = filterKinds([
  requestHeaders,
  responseHeaders,
  mirror,
  redirect,
  urlRewrite,
  cors,
  externalAuth,
  extensionRef,
]);
