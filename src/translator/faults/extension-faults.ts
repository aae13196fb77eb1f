/** Faults of objects that configure filters, and of the bodies of configured responses. */
import { describeRef, type ObjectRef } from '../../gatewayapi/ref.ts';
import { countOf } from '../../lib/plural.ts';
import { errorFault, type Fault } from './fault.ts';

export function bodyTooLong(path: string, limit: number): Fault {
  return errorFault({
    code: 'body-too-long',
    reason: 'Invalid',
    path,
    message: `${path} has more than ${String(limit)} bytes.`,
    hint: 'Move it to a ConfigMap, and refer to that with configMapRef.',
  });
}

export function bodyNotFound(path: string, ref: ObjectRef, key: string): Fault {
  return errorFault({
    code: 'body-not-found',
    reason: 'RefNotFound',
    path,
    target: ref,
    message: `${describeRef(ref)} does not exist, or has no key ${key}.`,
    hint: `Create it in namespace ${ref.namespace}, with the text under data.`,
  });
}

export function rewriteReplacementInvalid(path: string, why: string): Fault {
  return errorFault({ code: 'rewrite', reason: 'Invalid', path, message: `${path}: ${why}.` });
}

export function rewriteGroupMissing(
  path: string,
  { group, groups, pattern }: { readonly group: number; readonly groups: number; readonly pattern: string },
): Fault {
  return errorFault({
    code: 'rewrite',
    reason: 'Invalid',
    path,
    message: `The replacement refers to group ${String(group)}, but the pattern ${JSON.stringify(pattern)} has ${countOf(groups, 'group')}.`,
    hint: 'Groups are numbered by their opening parentheses, from 1.',
  });
}

export function rewriteWithoutPattern(path: string, name: string): Fault {
  return errorFault({
    code: 'rewrite',
    reason: 'UnsupportedValue',
    path,
    message: `RewriteFilter ${name} has no pattern, so that every match of the rule must have a path of type RegularExpression.`,
    hint: 'Set spec.path.pattern, or match the path with a regular expression.',
  });
}

export function rewriteTwice(path: string, what: 'path' | 'host'): Fault {
  return errorFault({
    code: 'incompatible-filters',
    reason: 'IncompatibleFilters',
    path,
    message: `RewriteFilter and URLRewrite cannot both set the ${what}.`,
  });
}
