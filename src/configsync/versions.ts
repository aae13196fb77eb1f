/**
 * Which versions the two ends of a configuration stream have in common. Each end says in its hello what it speaks, and both pick the
 * highest version that the other one speaks too.
 */
import { CONFIG_FORMAT } from '../ir/codec.ts';
import { failure, success, type Result } from '../lib/result.ts';

/** What one release speaks. docs/how-to/upgrade.md lists the releases. */
export interface SpokenVersions {
  /** Of the messages in `protocol.ts`. Raised when a message changes in a way that the previous version would misread. */
  readonly protocols: readonly number[];
  /** Of the configurations in them: `CONFIG_FORMAT`. */
  readonly formats: readonly number[];
}

export const OUR_VERSIONS: SpokenVersions = { protocols: [4], formats: [CONFIG_FORMAT] };

/** The versions that both ends use on one stream. */
export interface AgreedVersions {
  readonly protocol: number;
  readonly format: number;
}

interface Ends {
  readonly controller: SpokenVersions;
  readonly proxy: SpokenVersions;
}

/** Fails with a sentence for people that names both versions and the end to upgrade. */
export function negotiate({ controller, proxy }: Ends): Result<AgreedVersions, string> {
  const protocol = highestCommon(controller.protocols, proxy.protocols);
  if (protocol === null) return mismatch('the configuration protocol', controller.protocols, proxy.protocols);
  const format = highestCommon(controller.formats, proxy.formats);
  if (format === null) return mismatch('the configuration format', controller.formats, proxy.formats);
  return success({ protocol, format });
}

export const newestOf = (versions: readonly number[]): number => Math.max(0, ...versions);

function highestCommon(ours: readonly number[], theirs: readonly number[]): number | null {
  const common = ours.filter((version) => theirs.includes(version));
  return common.length === 0 ? null : newestOf(common);
}

function mismatch(
  what: string,
  controller: readonly number[],
  proxy: readonly number[],
): Result<AgreedVersions, string> {
  const older = newestOf(controller) < newestOf(proxy) ? 'controller' : 'proxy';
  return failure(
    `The controller speaks ${listed(controller)} of ${what}, the proxy ${listed(proxy)}: upgrade the ${older}.`,
  );
}

function listed(versions: readonly number[]): string {
  const [only, ...others] = versions.toSorted((a, b) => a - b);
  if (only === undefined) return 'no version';
  return others.length === 0 ? `version ${String(only)}` : `versions ${[only, ...others].join(', ')}`;
}
