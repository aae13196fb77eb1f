/** How much of a request's body has come, in all and in the present window of time. */
export class BodyMeter {
  bytes = 0;
  #windowBytes = 0;

  begin(): void {
    this.bytes = 0;
    this.#windowBytes = 0;
  }

  add(bytes: number): void {
    this.bytes += bytes;
    this.#windowBytes += bytes;
  }

  /** Ends a window; true when at least `minBytes` came in it. */
  endWindow(minBytes: number): boolean {
    const keepsPace = this.#windowBytes >= minBytes;
    this.#windowBytes = 0;
    return keepsPace;
  }
}
