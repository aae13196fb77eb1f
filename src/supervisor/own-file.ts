/** Reads a file that determines what is served, only if no other user can have written it. */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const ROOT = 0;

/** Text of the file; null if it does not exist. Throws if it cannot be read, is a link, or another user may have written it. */
export function readOwnFile(path: string): string | null {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const fault = trustFault(fstatSync(file), { user: process.getuid?.(), group: process.getgid?.() });
    if (fault !== null) throw new Error(`${path} ${fault}`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/**
 * Why a file is not trusted; null: it is. The kubelet gives files of a volume to the pod's group and lets the group write (fsGroup),
 * so a group's write bit counts only for a foreign group. `user`: undefined on systems without user ids, which are not checked.
 */
export function trustFault(
  found: Pick<Stats, 'uid' | 'gid' | 'mode' | 'isFile'>,
  { user, group }: { readonly user: number | undefined; readonly group: number | undefined },
): string | null {
  const { uid, gid, mode } = found;
  if (!found.isFile()) return 'is not a regular file';
  if (user === undefined) return null;
  if (uid !== user && uid !== ROOT) return `belongs to user ${String(uid)}`;
  const isGroupForeign = (mode & GROUP_WRITES) !== 0 && gid !== group;
  return isGroupForeign || (mode & OTHERS_WRITE) !== 0 ? 'can be written by other users' : null;
}
