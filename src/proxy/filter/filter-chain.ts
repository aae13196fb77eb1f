/** Sorts compiled filters by the one order (order.ts) into what an exchange runs. */
import type { HeaderEdit } from '../../ir/filter.ts';
import { NO_EDIT_LIST, type EditList, type FilterChain, type HttpFilter } from '../exchange/http-filter.ts';
import { compileHeadEdits } from '../message/head-edits.ts';
import type { FilterDefinition, FilterParts } from './definition.ts';
import { rankOf } from './order.ts';

export interface CompiledFilter {
  readonly definition: FilterDefinition;
  readonly parts: FilterParts;
}

const requestRank = ({ definition }: CompiledFilter): number => rankOf(definition.stages.request);
const responseRank = ({ definition }: CompiledFilter): number => rankOf(definition.stages.response);

/** Sorting is stable: filters of one stage act in the order in which they are given. */
export function chainOf(filters: {
  readonly request: readonly CompiledFilter[];
  readonly response: readonly CompiledFilter[];
  /** Filters that have acted on the request, and of which only the edits are left to apply. */
  readonly requestEdits: readonly CompiledFilter[];
}): FilterChain {
  const onRequest = filters.request.toSorted((a, b) => requestRank(a) - requestRank(b));
  const onResponse = filters.response.toSorted((a, b) => responseRank(a) - responseRank(b));
  const checks = rankOf('checks');
  const early = onRequest.filter((filter) => requestRank(filter) < checks);
  return {
    request: stepsOf(onRequest.map(({ parts }) => parts.request)),
    beforeChecks: stepsOf(early.map(({ parts }) => parts.request)).length,
    response: stepsOf(onResponse.map(({ parts }) => parts.response)),
    requestEdits: editListOf(
      [...filters.requestEdits, ...filters.request]
        .toSorted((a, b) => requestRank(a) - requestRank(b))
        .map(({ parts }) => parts.requestEdit),
    ),
    responseEdits: editListOf(onResponse.map(({ parts }) => parts.responseEdit)),
  };
}

/** A step that several filters share acts once. */
const stepsOf = (steps: readonly (HttpFilter | undefined)[]): HttpFilter[] => [
  ...new Set(steps.filter((step) => step !== undefined)),
];

function editListOf(edits: readonly (HeaderEdit | undefined)[]): EditList {
  const sources = edits.filter((edit) => edit !== undefined);
  return sources.length === 0 ? NO_EDIT_LIST : { sources, merged: compileHeadEdits(sources) };
}
