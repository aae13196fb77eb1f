/** The text of an error page, with its placeholders filled in. */

/** What a page may say of a response. */
export interface PageFacts {
  readonly status: number;
  /** `` for a response of a backend. */
  readonly reason: string;
  readonly requestId: string;
}

const PLACEHOLDER = /\{(status|reason|requestId)\}/g;

export class PageTemplate {
  /** Literal text and names of facts in turn, beginning with text. */
  readonly #parts: readonly string[];
  /** The page where it has no placeholders. */
  readonly #fixed: Buffer | null;

  constructor(text: string) {
    this.#parts = text.split(PLACEHOLDER);
    this.#fixed = this.#parts.length === 1 ? Buffer.from(text, 'utf8') : null;
  }

  render(facts: PageFacts): Buffer {
    if (this.#fixed !== null) return this.#fixed;
    const filled = this.#parts.map((part, at) =>
      at % 2 === 0 ? part : escapeHtml(String(facts[part as keyof PageFacts])),
    );
    return Buffer.from(filled.join(''), 'utf8');
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** The id of a request may come from a proxy in front of the gateway. */
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? '');
