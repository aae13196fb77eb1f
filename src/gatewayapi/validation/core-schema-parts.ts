/** Parts of the schemas of core Kubernetes kinds. */
import type { Schema, ValidationRule } from './schema.ts';

/** null in a list or map of texts is an empty text. */
export const text: Schema = { type: 'string', default: '' };
const plainText: Schema = { type: 'string' };
export const flag: Schema = { type: 'boolean' };
export const int32: Schema = { type: 'integer', format: 'int32' };
export const anything: Schema = { 'x-kubernetes-preserve-unknown-fields': true };
export const textMap: Schema = { type: 'object', additionalProperties: text };

/** null in a list of objects is an empty object. */
export const list = (items: Schema, more: Partial<Schema> = {}): Schema => ({
  type: 'array',
  items: items.type === 'object' ? { ...items, default: {} } : items,
  ...more,
});

export const object = (
  properties: Readonly<Record<string, Schema>>,
  rules: readonly ValidationRule[] = [],
): Schema => ({
  type: 'object',
  // Only elements of lists and maps default to an empty text: a field that is absent stays so.
  properties: Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, schema === text ? plainText : schema]),
  ),
  ...(rules.length === 0 ? {} : { 'x-kubernetes-validations': rules }),
});

/** The schema of a whole object. */
export const root = (
  properties: Readonly<Record<string, Schema>>,
  more: { readonly required?: readonly string[]; readonly rules?: readonly ValidationRule[] } = {},
): Schema => ({
  ...object({ apiVersion: text, kind: text, metadata: { type: 'object' }, ...properties }, more.rules),
  ...(more.required === undefined ? {} : { required: more.required }),
});

const formatRule = (format: string, message: string): ValidationRule => ({
  rule: `self == '' || !format.${format}().validate(self).hasValue()`,
  message,
});

export const portName: Schema = {
  type: 'string',
  'x-kubernetes-validations': [
    formatRule(
      'dns1123Label',
      'must have at most 63 lower-case letters, digits and "-", with a letter or digit first and last',
    ),
  ],
};

export const protocol: Schema = { type: 'string', enum: ['TCP', 'UDP', 'SCTP', ''], default: 'TCP' };

const QUALIFIED_NAME = 'must be a name, or a DNS name, "/" and a name, such as kubernetes.io/h2c';

export const appProtocol: Schema = {
  type: 'string',
  'x-kubernetes-validations': [
    { rule: '!format.qualifiedName().validate(self).hasValue()', message: QUALIFIED_NAME },
  ],
};

/** Labels, such as a selector. */
export const labelMap: Schema = {
  ...textMap,
  'x-kubernetes-validations': [
    {
      rule: 'self.all(k, !format.qualifiedName().validate(k).hasValue())',
      message: 'keys must be names of labels, such as app or example.com/app',
    },
    {
      rule: 'self.all(k, !format.labelValue().validate(self[k]).hasValue())',
      message:
        'values must have at most 63 letters, digits, "-", "_" and ".", with a letter or digit first and last',
    },
  ],
};

const IS_FILE_NAME = "(k.matches('^[-._a-zA-Z0-9]+$') && size(k) <= 253 && k != '.' && !k.startsWith('..'))";

/** Keys of Secrets and ConfigMaps are file names. */
export const dataKeys = (schema: Schema): Schema => ({
  ...schema,
  'x-kubernetes-validations': [
    {
      rule: `self.all(k, ${IS_FILE_NAME})`,
      messageExpression: `'keys must have at most 253 letters, digits, "-", "_" and ".", and not begin with "..": ' + self.filter(k, !${IS_FILE_NAME}).join(', ')`,
    },
  ],
});
