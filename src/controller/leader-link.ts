/** A follower's stream to the leader, on which it reports what its proxies serve. Proxies may connect to any replica. */
import type { TLSSocket } from 'node:tls';
import { FleetReporter } from '../configsync/fleet-relay.ts';
import type { Fleet } from '../configsync/fleet.ts';
import type { Logger } from '../telemetry/logger.ts';
import { dialController } from '../configsync/dial-controller.ts';
import type { Identities } from './identities.ts';

export interface LeaderLinkOptions {
  readonly fleet: Fleet;
  readonly identities: Identities;
  /** This replica. */
  readonly replica: string;
  /** DNS name in the certificate of every replica. */
  readonly service: string;
  readonly logger: Logger;
}

const RETRY_MS = 500;

export class LeaderLink {
  readonly #options: LeaderLinkOptions;
  /** `host:port`; null = no leader is known, or this replica leads. */
  #leader: string | null = null;
  #socket: TLSSocket | null = null;
  #reporter: FleetReporter | null = null;
  #retry: NodeJS.Timeout | null = null;

  constructor(options: LeaderLinkOptions) {
    this.#options = options;
  }

  /** Reports to this leader from now on, and reconnects whenever the stream breaks. */
  follow(leader: string | null): void {
    if (leader === this.#leader) return;
    this.#leader = leader;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    this.#socket?.destroy();
    this.#socket = null;
    this.#reporter = null;
    if (leader !== null) this.#connect(leader);
  }

  /** A proxy of this replica attached, detached, acknowledged or refused. */
  changed(): void {
    this.#reporter?.changed();
  }

  close(): void {
    this.follow(null);
  }

  /** Never throws: failures are logged and retried. */
  #connect(leader: string): void {
    this.#dial(leader).catch((error: unknown) => {
      this.#options.logger.warn('no stream to the leader', { leader, error: String(error) });
      this.#connectLater(leader);
    });
  }

  #connectLater(leader: string): void {
    if (this.#leader !== leader) return;
    this.#reporter = null;
    this.#retry = setTimeout(
      () => {
        this.#connect(leader);
      },
      RETRY_MS * (0.5 + Math.random()),
    );
  }

  async #dial(leader: string): Promise<void> {
    const { identities, replica, service, fleet, logger } = this.#options;
    // Issued for each stream, so that it cannot expire.
    const { certificatePem, keyPem } = await identities.replicaCertificate(replica);
    if (this.#leader !== leader) return;
    const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(leader) ?? [];
    const identity = { ca: identities.caPem, cert: certificatePem, key: keyPem };
    const socket = dialController({ host, port: Number(port), service, identity });
    this.#socket = socket;
    socket.once('secureConnect', () => {
      logger.info('reporting to the leader', { leader });
      this.#reporter = new FleetReporter(socket, fleet, replica);
      // The leader sends nothing; without reading, the end of the stream would not be noticed.
      socket.resume();
    });
    socket.on('error', (error: Error) => {
      logger.warn('no stream to the leader', { leader, error: error.message });
    });
    socket.once('close', () => {
      this.#connectLater(leader);
    });
  }
}
