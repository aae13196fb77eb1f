/** Text in filters that cannot be sent as it is written, and what is sent instead. */
import type { HTTPRouteRuleFilterUrlRewrite } from '../../gatewayapi/generated/types.ts';
import { FRAMING_FIELDS } from '../../lib/framing-fields.ts';
import { hasControls, isAuthority } from '../../lib/message-grammar.ts';
import { headerNotEdited } from '../faults/advice.ts';
import type { Fault } from '../faults/fault.ts';
import {
  corsAnyOriginWithCredentials,
  headerValueChanged,
  hostNotSet,
  pathEncoded,
} from '../faults/text-advice.ts';
import { editedHeaders } from '../graph/filter.ts';
import type { RuleNode } from '../graph/nodes.ts';
import type { FilterSpec } from '../graph/route-adapter.ts';

type HeaderModifier = FilterSpec['requestHeaderModifier'];

/** Of the filters of a rule and of its backends. */
export function filterTextFaults({ spec, path: rulePath }: RuleNode): readonly Fault[] {
  const places: (readonly [readonly FilterSpec[], string])[] = [
    [spec.filters, rulePath],
    ...spec.backendRefs.map(({ filters = [] }, at) => [filters, `${rulePath}.backendRefs[${at}]`] as const),
  ];
  return places.flatMap(([filters, place]) =>
    filters.flatMap((filter, at) => faultsOf(filter, `${place}.filters[${at}]`)),
  );
}

function faultsOf(filter: FilterSpec, at: string): readonly Fault[] {
  const { requestHeaderModifier, responseHeaderModifier, requestRedirect, urlRewrite, cors } = filter;
  return [
    ...headerFaults(requestHeaderModifier, `${at}.requestHeaderModifier`),
    ...hostFaults(requestHeaderModifier, `${at}.requestHeaderModifier`),
    ...headerFaults(responseHeaderModifier, `${at}.responseHeaderModifier`),
    ...pathFaults(requestRedirect?.path, `${at}.requestRedirect.path`),
    ...pathFaults(urlRewrite?.path, `${at}.urlRewrite.path`),
    ...(cors?.allowCredentials === true && (cors.allowOrigins ?? []).includes('*')
      ? [corsAnyOriginWithCredentials(`${at}.cors.allowOrigins`)]
      : []),
  ];
}

function headerFaults(edit: HeaderModifier, at: string): readonly Fault[] {
  const values = (['set', 'add'] as const).flatMap((action) =>
    (edit?.[action] ?? []).map(({ value }, index) => [value, `${at}.${action}[${index}].value`] as const),
  );
  return [
    ...editedHeaders(edit, at).flatMap(([name, path]) =>
      FRAMING_FIELDS.has(name.toLowerCase()) ? [headerNotEdited(path, name)] : [],
    ),
    ...values.flatMap(([value, path]) => (hasControls(value) ? [headerValueChanged(path)] : [])),
  ];
}

function hostFaults(edit: HeaderModifier, at: string): readonly Fault[] {
  return (['set', 'add'] as const).flatMap((action) =>
    (edit?.[action] ?? []).flatMap(({ name, value }, index) =>
      name.toLowerCase() === 'host' && !isAuthority(value.trim())
        ? [hostNotSet(`${at}.${action}[${index}].value`, value)]
        : [],
    ),
  );
}

const UNSAFE_IN_PATH = /[^\x21\x22\x24-\x3e\x40-\x7e]/;

function pathFaults(path: HTTPRouteRuleFilterUrlRewrite['path'], at: string): readonly Fault[] {
  return (['replaceFullPath', 'replacePrefixMatch'] as const).flatMap((field) => {
    const value = path?.[field] ?? '';
    return UNSAFE_IN_PATH.test(value) ? [pathEncoded(`${at}.${field}`, value)] : [];
  });
}
