/** Explains from what a running gateway serves. */
import type { StatusAnswer } from '../../admin/status-report.ts';
import type { Explanation } from '../../proxy/router/explain.ts';
import { askAdmin } from '../admin-client.ts';
import type { HostPort } from '../options.ts';
import { listenerPortOf } from '../../supervisor/bound-listener-ports.ts';
import type { ExplainAnswer } from '../../report/explain/answer.ts';

/** Rejects if no gateway responds. */
export async function explainOnline(
  admin: HostPort,
  {
    text,
    headers,
    port,
  }: { readonly text: string; readonly headers: readonly string[]; readonly port: number },
): Promise<ExplainAnswer> {
  const query = new URLSearchParams({ request: text });
  for (const line of headers) query.append('header', line);
  const [explanations, { gateways }] = await Promise.all([
    askAdmin<readonly Explanation[]>(admin, `/explain?${query.toString()}`),
    askAdmin<StatusAnswer>(admin, '/status'),
  ]);
  const bound = gateways.flatMap(({ listeners }) =>
    listeners.flatMap((listener) =>
      listener.bound.map((socket) => ({ port: listener.port, boundPort: socket.port })),
    ),
  );
  return { explanations, port: listenerPortOf(port, bound), gateways, notes: [] };
}
