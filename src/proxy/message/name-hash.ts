/** Rolling hash of field names: the parser computes it while it validates a name. A match is always verified. */

/** Hash of a name in lower case. */
export function nameHash(lowerCaseName: string): number {
  let hash = 0;
  for (let index = 0; index < lowerCaseName.length; index++) {
    hash = (Math.imul(hash, 31) + lowerCaseName.charCodeAt(index)) | 0;
  }
  return hash;
}
