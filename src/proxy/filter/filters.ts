/** Every kind of filter. */
import { ACCESS, AUTHORIZATION } from './access/access.ts';
import { AUTH } from './auth/auth-filter.ts';
import { IDENTITY_FIELDS } from './auth/identity-fields.ts';
import { COMPRESSION } from './compression/compression.ts';
import { CORS } from './cors.ts';
import type { FilterDefinition } from './definition.ts';
import { DIRECT_RESPONSE } from './direct-response.ts';
import { EXTERNAL_AUTH } from './external-auth/external-auth-filter.ts';
import { FilterTable } from './filter-table.ts';
import { REQUEST_HEADERS, RESPONSE_HEADERS } from './header-modifiers.ts';
import { MIRROR } from './mirror.ts';
import { CLIENT_RATE_LIMIT, RATE_LIMIT } from './rate-limit/rate-limit.ts';
import { HTTPS_REDIRECT, REDIRECT } from './redirect.ts';
import { REGEX_REWRITE } from './regex-rewrite.ts';
import { DEFAULT_HEADERS, ERROR_PAGES, MAINTENANCE } from './response/response.ts';
import { URL_REWRITE } from './url-rewrite.ts';

export const BUILT_IN_FILTERS: readonly FilterDefinition[] = [
  IDENTITY_FIELDS,
  CORS,
  ACCESS,
  RATE_LIMIT,
  AUTHORIZATION,
  CLIENT_RATE_LIMIT,
  AUTH,
  EXTERNAL_AUTH,
  HTTPS_REDIRECT,
  REDIRECT,
  DIRECT_RESPONSE,
  REQUEST_HEADERS,
  URL_REWRITE,
  REGEX_REWRITE,
  MIRROR,
  RESPONSE_HEADERS,
  ERROR_PAGES,
  MAINTENANCE,
  DEFAULT_HEADERS,
  COMPRESSION,
];

export const FILTERS = new FilterTable(BUILT_IN_FILTERS);
