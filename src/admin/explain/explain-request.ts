/** Explains a request to a Gateway as its proxies see it, with endpoints from the proxies and settings from the translator. */
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import { TableExplainer } from '../../proxy/filter/explain-filters.ts';
import { FILTERS } from '../../proxy/filter/filters.ts';
import { explain, type ExplainRequest, type Explanation } from '../../proxy/router/explain.ts';
import { compileRegex } from '../../proxy/router/regex.ts';
import type { RulePolicies } from '../../translator/types.ts';
import { seenBy } from './seen-by.ts';
import { settingsOf } from './settings.ts';

/** null when the Gateway has no listener at that port. */
export function explainRequest(
  config: GatewayConfig,
  request: ExplainRequest,
  policies: RulePolicies,
): Explanation | null {
  return explain(config, seenBy(request, config.settings), compileRegex, {
    settingsOf: settingsOf(config, policies),
    filters: new TableExplainer(FILTERS),
  });
}
