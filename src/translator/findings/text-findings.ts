/** Text in filters that Sluice cannot send as written, with what it sends instead. */
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
import { editedHeaders } from '../filter/header-modifier.ts';
import type { FilterNode, RuleNode } from '../graph/nodes.ts';
import type { FilterSpec } from '../graph/route-adapter.ts';

type HeaderModifier = FilterSpec['requestHeaderModifier'];

/** Faults of the filters of a rule and of its backends. */
export const filterTextFaults = ({ filters, backends }: RuleNode): readonly Fault[] =>
  [...filters, ...backends.flatMap((backend) => backend.filters)].flatMap(faultsOf);

function faultsOf({ spec, path: at }: FilterNode): readonly Fault[] {
  const { requestHeaderModifier, responseHeaderModifier, requestRedirect, urlRewrite, cors } = spec;
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
