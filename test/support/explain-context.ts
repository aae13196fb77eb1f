/** Explanations with the built-in filters, and without settings of backends. */
import { TableExplainer } from '../../src/proxy/filter/explain-filters.ts';
import { FILTERS } from '../../src/proxy/filter/filters.ts';
import type { ExplainContext } from '../../src/proxy/router/explain-backends.ts';

export const EXPLAIN_CONTEXT: ExplainContext = { settingsOf: () => [], filters: new TableExplainer(FILTERS) };
