/** Logs objects whose evaluation failed, each once until it succeeds. */
import type { Finding } from '../gatewayapi/finding.ts';
import { describeRef } from '../gatewayapi/ref.ts';
import type { Logger } from '../telemetry/logger.ts';

export class DefectLog {
  readonly #logger: Logger;
  #findings: readonly Finding[] = [];
  #logged: ReadonlySet<string> = new Set();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `findings`: all current findings; the same array as before if nothing changed. */
  update(findings: readonly Finding[]): void {
    if (findings === this.#findings) return;
    this.#findings = findings;
    const logged = new Set<string>();
    for (const { code, object, path, message } of findings) {
      if (code !== 'internal-error') continue;
      const key = `${describeRef(object)} ${path} ${message}`;
      logged.add(key);
      if (this.#logged.has(key)) continue;
      this.#logger.error('an object is not served: evaluating it failed', {
        object: describeRef(object),
        path,
        error: message,
      });
    }
    this.#logged = logged;
  }
}
