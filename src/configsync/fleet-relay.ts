/**
 * Reports from replica to leader what the proxies attached to a follower serve. Only the leader writes status, but proxies follow any
 * replica; a stream between the replicas adds no API-server load and needs no extra RBAC.
 */
import type { Duplex } from 'node:stream';
import type { Logger } from '../telemetry/logger.ts';
import type { Fleet } from './fleet.ts';
import { encodeFrame, receiveFrames, type FrameLimits } from './frames.ts';
import { fleetReport, reportVersion } from './messages.ts';
import { newestOf, OUR_VERSIONS } from './versions.ts';

/** A few hundred bytes for each proxy and port: enough for 100,000 proxies in one report. */
const REPORT_LIMITS: FrameLimits = {
  firstBytes: 64 * 1024 * 1024,
  bytes: 64 * 1024 * 1024,
  firstMs: 10_000,
  frameMs: 30_000,
};
/** The last protocol whose reports carry no version. */
const LAST_WITHOUT_VERSION = 3;
/** Acknowledgments arrive in bursts; one report covers a burst. */
const REPORT_DELAY_MS = 20;

/** The leader's end: each report replaces the one before, until the stream closes. */
export function receiveReports(stream: Duplex, fleet: Fleet, logger: Logger): void {
  stream.on('error', (error) => {
    logger.warn('stream of a replica failed', { error: error.message });
  });
  stream.once('close', () => {
    fleet.forget(stream);
  });
  let isUnreadable = false;
  receiveFrames(stream, REPORT_LIMITS, (message) => {
    const problem = unreadableReport(message);
    if (problem === null) {
      const report = fleetReport(message);
      // Messages may still arrive from a destroyed stream.
      if (!stream.destroyed) fleet.reported(stream, report);
    } else if (!isUnreadable) {
      isUnreadable = true;
      logger.warn('the proxies of a replica are missing from statuses', { problem });
    }
  });
}

/** Why a report cannot be read, as a message; null if its version is supported. */
function unreadableReport(message: unknown): string | null {
  const { protocol = LAST_WITHOUT_VERSION, replica } = reportVersion(message);
  const ours = newestOf(OUR_VERSIONS.protocols);
  if (OUR_VERSIONS.protocols.includes(protocol)) return null;
  const older = protocol < ours ? `replica ${replica}` : 'this replica';
  return `Replica ${replica} reports in version ${String(protocol)} of the configuration protocol, this one reads version ${String(ours)}: upgrade ${older}.`;
}

/** The follower's end: reports now, and whenever `changed` is called, until the stream closes. */
export class FleetReporter {
  readonly #stream: Duplex;
  readonly #fleet: Fleet;
  readonly #replica: string;
  #timer: NodeJS.Timeout | null = null;

  constructor(stream: Duplex, fleet: Fleet, replica: string) {
    this.#stream = stream;
    this.#fleet = fleet;
    this.#replica = replica;
    stream.once('close', () => {
      if (this.#timer !== null) clearTimeout(this.#timer);
    });
    this.#send();
  }

  changed(): void {
    if (this.#stream.destroyed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#send();
    }, REPORT_DELAY_MS);
  }

  #send(): void {
    if (!this.#stream.writable) return;
    // A leader that reads slowly gets one report when it reads again, not a queue of them.
    if (this.#stream.writableNeedDrain) {
      this.#stream.once('drain', () => {
        this.changed();
      });
      return;
    }
    try {
      this.#stream.write(encodeFrame(this.#fleet.report(this.#replica)));
    } catch (error) {
      // Thrown from a timer, the error would end the controller. The next stream starts with a full report.
      this.#stream.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
