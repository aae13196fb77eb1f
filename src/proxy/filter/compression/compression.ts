/** CompressionPolicies as filters: the last to act on a response. */
import type { CompressionSettings, CompressionValue, Coding } from '../../../ir/compression.ts';
import type { HeaderField } from '../../../ir/filter.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import type { ExchangeKey, FilterOutcome, HttpFilter } from '../../exchange/http-filter.ts';
import { responseEdits } from '../../exchange/response-head.ts';
import { dropsField } from '../../message/head-edits.ts';
import { joinedValue, type ResponseHead } from '../../message/head.ts';
import type { FilterDefinition } from '../definition.ts';
import { chooseCoding } from './choose-coding.ts';
import { Compressible } from './compressible.ts';
import { CompressingStream } from './compressing-stream.ts';
import { takeCompressor } from './compressors.ts';
import { EncodedHead, NotModifiedHead } from './encoded-head.ts';

const KIND = 'compression';

/** Accept-Encoding, kept while the head of the request can be read; undefined: it was not sent. */
const ACCEPT_ENCODING: ExchangeKey<string | undefined> = { absent: undefined };

const KEEP_ACCEPT_ENCODING: HttpFilter = {
  kind: KIND,
  apply(exchange, run) {
    run.keep(ACCEPT_ENCODING, exchange.head.header('accept-encoding'));
    return 'continue';
  },
};

export const COMPRESSION: FilterDefinition<CompressionValue> = {
  kind: KIND,
  stages: { request: 'preferences', response: 'compression' },
  precedence: 'backend',
  compile: ({ settings }) => ({ request: KEEP_ACCEPT_ENCODING, response: new Compression(settings) }),
  describe: ({ settings: { encodings } }) =>
    `compression: ${encodings.map(({ coding, level }) => `${coding} ${String(level)}`).join(', ')}`,
};

class Compression implements HttpFilter {
  readonly kind = KIND;
  readonly #compressible: Compressible;
  readonly #codings: readonly Coding[];
  readonly #levels: ReadonlyMap<Coding, number>;

  constructor(settings: CompressionSettings) {
    this.#compressible = new Compressible(settings);
    this.#codings = settings.encodings.map(({ coding }) => coding);
    this.#levels = new Map(settings.encodings.map(({ coding, level }) => [coding, level]));
  }

  apply(exchange: Exchange, run: FilterRun): FilterOutcome {
    const head = run.responseHead;
    // What follows the head of a tunnel is no content; gRPC compresses its messages itself.
    if (head === null || exchange.isGrpc || exchange.method === 'CONNECT') return 'continue';
    const isHead = exchange.method === 'HEAD';
    const isNotModified = this.#compressible.acceptsNotModified(head);
    if (!isNotModified && !this.#compressible.accepts(head, isHead)) return 'continue';
    varyByEncoding(exchange, run, head);
    const coding = chooseCoding(this.#acceptEncoding(exchange, run), this.#codings);
    if (coding === null) return 'continue';
    if (isNotModified) run.replaceHead(new NotModifiedHead(head));
    else if (!head.hasBody) run.replaceHead(new EncodedHead(head, coding));
    else this.#encode(exchange, run, { coding, head });
    return 'continue';
  }

  /** Of a request that reached no rule, nothing was kept: it is answered while its head can be read. */
  #acceptEncoding(exchange: Exchange, run: FilterRun): string | undefined {
    return exchange.rule === null ? exchange.head.header('accept-encoding') : run.kept(ACCEPT_ENCODING);
  }

  #encode(
    exchange: Exchange,
    run: FilterRun,
    { coding, head }: { readonly coding: Coding; readonly head: ResponseHead },
  ): void {
    const compressor = takeCompressor(coding, this.#levels.get(coding) ?? 1);
    if (compressor === null) return;
    const stream = new CompressingStream(exchange, coding, compressor);
    exchange.stream = stream;
    run.encoder = stream;
    run.replaceHead(new EncodedHead(head, coding));
    run.observeEnd(stream);
  }
}

const VARY: HeaderField = { name: 'vary', value: 'Accept-Encoding' };

/** Also where a response is sent as it is: a cache must not give it to others without asking. */
function varyByEncoding(exchange: Exchange, run: FilterRun, head: ResponseHead): void {
  const edits = responseEdits(exchange);
  const ofHead = dropsField(edits, VARY.name) ? '' : (joinedValue(head, VARY.name) ?? '');
  const added = [...edits.append, ...(run.addedFields ?? [])];
  const values = added.filter(({ name }) => name.toLowerCase() === VARY.name).map(({ value }) => value);
  const members = [ofHead, ...values].join(',').toLowerCase().split(',');
  if (members.some((member) => member.trim() === 'accept-encoding' || member.trim() === '*')) return;
  run.addedFields = [...(run.addedFields ?? []), VARY];
}
