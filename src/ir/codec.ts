/** Encodes and decodes GatewayConfig, for the stream from controller to proxy. The output contains secrets (plain-config.ts). */
import type { GatewayConfig } from './gateway-config.ts';
import type { Plain } from '../lib/structural-patch.ts';
import { fromPlainConfig, toPlainConfig, type PlainConfig } from './plain-config.ts';
import { SharedParts } from './shared-parts.ts';

/**
 * Raised when the shape of the contract changes in a way that an older reader would misread, or so that a newer one misses a member in older
 * text: a proxy may find text of the version before it in its state folder. Not for a new kind of filter or policy: a proxy that does not
 * know the kind fails closed. 2: settings have the limits of clients. 3: `dataPlane` in place
 * of `gateway`. 4: `attachment` in place of a listener's `origin`. 5: `secrets`, which an
 * older proxy would show in its dumps, and `keySets`.
 */
export const CONFIG_FORMAT = 5;

interface Envelope {
  readonly format: number;
  readonly config: PlainConfig;
}

export function encodeConfig(config: GatewayConfig): string {
  const envelope: Envelope = { format: CONFIG_FORMAT, config: toPlainConfig(config) };
  return JSON.stringify(envelope);
}

/** Items of a list that are encoded together: some tens of kilobytes. */
const ITEMS_A_PIECE = 100;

/** The output of `encodeConfig` in pieces, for callers that can stream it. */
export function* encodeConfigInPieces(config: GatewayConfig): Generator<string> {
  yield `{"format":${CONFIG_FORMAT},"config":{`;
  let separator = '';
  for (const [name, value] of Object.entries(toPlainConfig(config)) as [string, unknown][]) {
    if (value === undefined) continue;
    yield `${separator}${JSON.stringify(name)}:`;
    separator = ',';
    if (Array.isArray(value)) yield* encodeListInPieces(value);
    else yield JSON.stringify(value);
  }
  yield '}}';
}

function* encodeListInPieces(items: readonly unknown[]): Generator<string> {
  yield '[';
  for (let from = 0; from < items.length; from += ITEMS_A_PIECE) {
    const text = JSON.stringify(items.slice(from, from + ITEMS_A_PIECE)).slice(1, -1);
    yield from === 0 ? text : `,${text}`;
  }
  yield ']';
}

/** Throws when the text is not of this format: controller and proxy differ in version. `shared`: see `SharedParts`. */
export function decodeConfig(text: string, shared = new SharedParts()): GatewayConfig {
  const { format, config } = shared.share(JSON.parse(text) as Plain) as unknown as Envelope;
  if (format !== CONFIG_FORMAT) {
    throw new Error(
      `This proxy reads configuration format ${CONFIG_FORMAT}, the controller sends ${format}: upgrade the older one.`,
    );
  }
  return fromPlainConfig(config);
}
