/** Everything that is fuzzed in process. */
import type { FuzzTarget } from './target.ts';
import { hpack } from './targets/hpack.ts';
import { chunked, http1Request, http1Response } from './targets/http1.ts';
import { http2Client, http2Frames, http2Server } from './targets/http2.ts';
import { clientHello, proxyHeader } from './targets/tls-and-proxy-header.ts';

export const TARGETS: readonly FuzzTarget[] = [
  http1Request,
  http1Response,
  chunked,
  hpack,
  http2Frames,
  http2Server,
  http2Client,
  clientHello,
  proxyHeader,
];
