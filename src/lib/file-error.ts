/** Errors of files and folders in words. */

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  EISDIR: 'is a folder, not a file',
  ENOTDIR: 'a part of the path is a file, not a folder',
};

/**
 * `PATH: there is no such file`, for an error of Node's `fs`; the message of any other error. `path` is for errors that do not name
 * their file, such as that of reading a folder.
 */
export function describeFileError(error: unknown, path?: string): string {
  if (!(error instanceof Error)) return String(error);
  const { code, path: named = path } = error as { readonly code?: unknown; readonly path?: string };
  const words = typeof code === 'string' ? WORDS[code] : undefined;
  return words === undefined ? error.message : named === undefined ? words : `${named}: ${words}`;
}
