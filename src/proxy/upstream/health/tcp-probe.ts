import type { Dial } from '../upstream-pool.ts';
import { DISCARDING_SINK, type ConnectingSink } from '../../net/transport.ts';
import { PASSED, failed, type CheckResult, type Probe } from './check-result.ts';

/** Passes if a connection succeeds, including the TLS handshake if the cluster uses TLS. */
export class TcpProbe implements Probe {
  readonly #dial: Dial;

  constructor(dial: Dial) {
    this.#dial = dial;
  }

  start(done: (result: CheckResult) => void): () => void {
    let isOver = false;
    const leave = (): void => {
      isOver = true;
      transport.sink = DISCARDING_SINK;
      transport.destroy();
    };
    const finish = (result: CheckResult): void => {
      if (isOver) return;
      leave();
      done(result);
    };
    const sink: ConnectingSink = {
      onConnected: () => {
        finish(PASSED);
      },
      onClose: () => {
        finish(failed('connect_failed'));
      },
      onEnd: () => {
        finish(failed('connect_failed'));
      },
      onBytes: () => undefined,
      onDrain: () => undefined,
      nextReadBuffer: () => null,
    };
    // The sink hears of it later, never within the call.
    const transport = this.#dial.connect(sink);
    return () => {
      if (!isOver) leave();
    };
  }
}
