/** `apiVersion` of an object: its group and version. */

/** `apps/v1` → group and version; the core group's is ``. */
export function splitApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/');
  return slash === -1
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

export const joinApiVersion = (group: string, version: string): string =>
  group === '' ? version : `${group}/${version}`;
