/** Pages in place of error responses. gRPC clients keep their status: they read no pages. */
import type { ErrorPage } from '../../../ir/response.ts';
import type { HeaderField } from '../../../ir/filter.ts';
import type { ReasonCode } from '../../../ir/reason.ts';
import { giveRequestId, requestIdOf } from '../../exchange/exchange-request-id.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import type { ExchangeKey, FilterOutcome, HttpFilter } from '../../exchange/http-filter.ts';
import type { ResponseHead } from '../../message/head.ts';
import { isConnectionLevel } from '../../message/header-id.ts';
import { namesMediaType, parseWeighted, type Weighted } from '../../message/media-range.ts';
import { PageTemplate } from './page-template.ts';

const KIND = 'response';

/** What the client accepts, kept while its head can be read; null: not kept. */
const ACCEPTED: ExchangeKey<readonly Weighted[] | null> = { absent: null };

export const KEEP_ACCEPT: HttpFilter = {
  kind: KIND,
  apply(exchange, run) {
    run.keep(ACCEPTED, acceptedBy(exchange));
    return 'continue';
  },
};

const acceptedBy = ({ head }: Exchange): readonly Weighted[] => parseWeighted(head.header('accept') ?? '');

/** Responses whose content is configured: a page takes their place only where it names the reason. */
export type ConfiguredReplies = ReadonlySet<ReasonCode>;

export class ErrorPages implements HttpFilter {
  readonly kind = KIND;
  readonly #pages: readonly CompiledPage[];
  readonly #configured: ConfiguredReplies;

  constructor(pages: readonly ErrorPage[], configured: ConfiguredReplies) {
    this.#pages = pages.map((page) => new CompiledPage(page));
    this.#configured = configured;
  }

  apply(exchange: Exchange, run: FilterRun): FilterOutcome {
    const head = run.responseHead;
    if (head === null || exchange.isGrpc || head.status < 400) return 'continue';
    const isConfigured = exchange.reason !== null && this.#configured.has(exchange.reason);
    const page = this.#pages.find((one) => one.fits(exchange, run, { status: head.status, isConfigured }));
    return page === undefined ? 'continue' : page.answer(exchange, head);
  }
}

interface Replaced {
  readonly status: number;
  /** Its content is configured. */
  readonly isConfigured: boolean;
}

class CompiledPage {
  readonly #page: ErrorPage;
  readonly #statuses: ReadonlySet<number> | null;
  readonly #reasons: ReadonlySet<string> | null;
  readonly #template: PageTemplate;

  constructor(page: ErrorPage) {
    this.#page = page;
    this.#statuses = page.statuses === null ? null : new Set(page.statuses);
    this.#reasons = page.reasons === null ? null : new Set(page.reasons);
    this.#template = new PageTemplate(page.body.text);
  }

  fits(exchange: Exchange, run: FilterRun, { status, isConfigured }: Replaced): boolean {
    const { reason } = exchange;
    const { of, accept } = this.#page;
    if (of !== 'both' && (reason === null) !== (of === 'backend')) return false;
    if (this.#statuses?.has(status) === false) return false;
    if (this.#reasons === null ? isConfigured : reason === null || !this.#reasons.has(reason)) return false;
    if (accept === null) return true;
    // Of a request that reached no rule, nothing was kept: it is answered while its head can be read.
    const accepted = run.kept(ACCEPTED) ?? (exchange.rule === null ? acceptedBy(exchange) : []);
    return accept.some((type) => namesMediaType(accepted, type));
  }

  answer(exchange: Exchange, head: ResponseHead): FilterOutcome {
    const { reason } = exchange;
    const status = this.#page.status ?? head.status;
    giveRequestId(exchange);
    const facts = { status, reason: reason ?? '', requestId: requestIdOf(exchange) };
    const contentType = { name: 'content-type', value: this.#page.body.contentType };
    return {
      kind: 'answer',
      reason: reason ?? 'error_page',
      reply: {
        status,
        fields: [contentType, ...keptFields(head)],
        body: this.#template.render(facts),
        // Not used: calls of gRPC keep their answer.
        grpc: null,
      },
    };
  }
}

/** Fields that describe the content which the page replaces (RFC 9110 section 8, RFC 9530), or that are written again. */
const OF_CONTENT: ReadonlySet<string> = new Set([
  'accept-ranges',
  'content-digest',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'digest',
  'etag',
  'last-modified',
  'repr-digest',
  'trailer',
]);

/** A challenge, a limit or a cookie stays with the status that it belongs to. */
function keptFields(head: ResponseHead): readonly HeaderField[] {
  const fields: HeaderField[] = [];
  for (let index = 0; index < head.count; index++) {
    const name = head.name(index);
    if (isConnectionLevel(head.id(index)) || OF_CONTENT.has(name)) continue;
    fields.push({ name, value: textOf(head.value(index)) });
  }
  return fields;
}

/** Fields of a reply are text, those of a head octets. */
const textOf = (octets: string): string =>
  /[\x80-\xff]/.test(octets) ? Buffer.from(octets, 'latin1').toString('utf8') : octets;
