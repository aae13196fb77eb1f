/** Response fields of the CORS protocol (Fetch standard), in lower case: if a rule has a CORS filter, only that filter sets them. */
export const CORS_FIELDS: ReadonlySet<string> = new Set([
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-expose-headers',
  'access-control-max-age',
]);
