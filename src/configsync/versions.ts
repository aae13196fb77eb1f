/**
 * Whether the two ends of a configuration stream understand each other. Each end lists in its hello the versions that it supports. This
 * release writes and reads one version of messages and one of configurations, so there is nothing to choose: a version in common is the
 * version in use. A release that supports several also has to remember for each stream which ones it writes.
 */
import { CONFIG_FORMAT } from '../ir/codec.ts';

/** The versions that one release supports. docs/how-to/upgrade.md lists the releases. */
export interface SpokenVersions {
  /** Of the messages in `protocol.ts`. Raised when a message changes in a way that the previous version would misread. */
  readonly protocols: readonly number[];
  /** Of the configurations in them: `CONFIG_FORMAT`. */
  readonly formats: readonly number[];
}

export const OUR_VERSIONS: SpokenVersions = { protocols: [5], formats: [CONFIG_FORMAT] };

interface Ends {
  readonly controller: SpokenVersions;
  readonly proxy: SpokenVersions;
}

/** null if both ends have a protocol and a format in common; otherwise a sentence that names the versions and the end to upgrade. */
export const incompatibility = ({ controller, proxy }: Ends): string | null =>
  mismatch('the configuration protocol', controller.protocols, proxy.protocols) ??
  mismatch('the configuration format', controller.formats, proxy.formats);

export const newestOf = (versions: readonly number[]): number => Math.max(0, ...versions);

function mismatch(what: string, controller: readonly number[], proxy: readonly number[]): string | null {
  if (controller.some((version) => proxy.includes(version))) return null;
  const older = newestOf(controller) < newestOf(proxy) ? 'controller' : 'proxy';
  return `The controller speaks ${listed(controller)} of ${what}, the proxy ${listed(proxy)}: upgrade the ${older}.`;
}

function listed(versions: readonly number[]): string {
  const [only, ...others] = versions.toSorted((a, b) => a - b);
  if (only === undefined) return 'no version';
  return others.length === 0 ? `version ${String(only)}` : `versions ${[only, ...others].join(', ')}`;
}
