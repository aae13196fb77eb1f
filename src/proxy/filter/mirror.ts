/** HTTPRequestMirrorFilter: sends a share of the requests, as they leave, to another backend as well. */
import type { MirrorFilter } from '../../ir/filter.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { FilterRun } from '../exchange/filter-run.ts';
import type { FilterOutcome, HttpFilter } from '../exchange/http-filter.ts';
import { outgoingRequest } from '../exchange/outgoing-request.ts';
import type { UpstreamCluster } from '../upstream/cluster.ts';
import type { FilterDefinition } from './definition.ts';
import { describeOrigin } from './describe-origin.ts';
import { mirrorRequest } from './mirror-request.ts';
import { MirrorShare } from './mirror-share.ts';

export const MIRROR: FilterDefinition<MirrorFilter> = {
  kind: 'mirror',
  stages: { request: 'mirror' },
  precedence: 'both',
  compile(config, { clusterOf }) {
    const cluster = clusterOf(config.cluster);
    // A mirror whose cluster does not exist gets nothing: it must not affect the request.
    return cluster === null ? {} : { request: new Mirror(new MirrorShare(config), cluster) };
  },
  describe: ({ numerator, denominator, origin }) =>
    `mirror ${String(numerator)} of ${String(denominator)} to ${describeOrigin(origin)}`,
};

class Mirror implements HttpFilter {
  readonly kind = 'mirror';
  readonly #share: MirrorShare;
  readonly #cluster: UpstreamCluster;

  constructor(share: MirrorShare, cluster: UpstreamCluster) {
    this.#share = share;
    this.#cluster = cluster;
  }

  apply(exchange: Exchange, run: FilterRun): FilterOutcome {
    if (!this.#share.take()) return 'continue';
    const { wheel, mirrors: stats } = exchange.context;
    const timeoutMs = exchange.requests?.timeouts.requestMs ?? 0;
    const copy = mirrorRequest(outgoingRequest(exchange), this.#cluster, { wheel, stats, timeoutMs });
    if (copy !== null) {
      exchange.body?.tap(copy);
      run.observeEnd(copy);
    }
    return 'continue';
  }
}
