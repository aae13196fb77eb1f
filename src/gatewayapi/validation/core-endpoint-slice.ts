/** EndpointSlice as a schema (pkg/apis/discovery/validation). */
import {
  anything,
  appProtocol,
  flag,
  int32,
  list,
  object,
  portName,
  root,
  text,
  textMap,
} from './core-schema-parts.ts';
import type { Schema, ValidationRule } from './schema.ts';

const subdomain = (message: string): Schema => ({
  type: 'string',
  'x-kubernetes-validations': [{ rule: '!format.dns1123Subdomain().validate(self).hasValue()', message }],
});

const nodeName = subdomain('must be the name of a node: lower-case letters, digits, "-" and "."');
const label: Schema = {
  type: 'string',
  'x-kubernetes-validations': [
    {
      rule: '!format.dns1123Label().validate(self).hasValue()',
      message:
        'must have at most 63 lower-case letters, digits and "-", with a letter or digit first and last',
    },
  ],
};
const zoneName: Schema = {
  type: 'string',
  'x-kubernetes-validations': [
    {
      rule: '!format.labelValue().validate(self).hasValue()',
      message:
        'must have at most 63 letters, digits, "-", "_" and ".", with a letter or digit first and last',
    },
  ],
};

const hints = (field: string, name: Schema): Schema => ({
  ...list({ ...object({ name }), required: ['name'] }, { maxItems: 8 }),
  'x-kubernetes-validations': [
    {
      rule: 'self.all(a, self.exists_one(b, b.name == a.name))',
      message: `names in ${field} must be unique`,
    },
  ],
});

const slicePortProtocol: Schema = { type: 'string', enum: ['TCP', 'UDP', 'SCTP'], default: 'TCP' };

const endpoint: Schema = {
  ...object({
    addresses: list(text, { minItems: 1, maxItems: 100 }),
    conditions: object({ ready: flag, serving: flag, terminating: flag }),
    hostname: label,
    nodeName,
    zone: text,
    hints: object({
      forZones: hints('forZones', { ...zoneName, default: '' }),
      forNodes: hints('forNodes', nodeName),
    }),
    targetRef: object({
      apiVersion: text,
      fieldPath: text,
      kind: text,
      name: text,
      namespace: text,
      resourceVersion: text,
      uid: text,
    }),
    deprecatedTopology: { ...textMap, maxProperties: 16 },
  }),
  required: ['addresses'],
};

/** `condition` is about one address `a`; the message names those that fail it. */
const addressRule = (types: string, condition: string, expected: string): ValidationRule => ({
  rule: `!(self.addressType in ${types}) || !has(self.endpoints) || self.endpoints.all(e, e.addresses.all(a, ${condition}))`,
  messageExpression: `'${expected}: ' + self.endpoints.map(e, e.addresses.filter(a, !(${condition})).join(', ')).filter(t, t != '').join(', ')`,
  message: expected,
  fieldPath: '.endpoints',
});

const IS_REACHABLE =
  '!isIP(a) || !ip(a).isUnspecified() && !ip(a).isLoopback() && !ip(a).isLinkLocalUnicast() && !ip(a).isLinkLocalMulticast()';
const IS_QUALIFIED =
  "a.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+\\\\.?$') && size(a) <= 254";

export const ENDPOINT_SLICE: Schema = root(
  {
    addressType: { type: 'string', enum: ['IPv4', 'IPv6', 'FQDN'] },
    endpoints: list(endpoint, { maxItems: 1000 }),
    ports: {
      ...list(object({ name: portName, port: int32, protocol: slicePortProtocol, appProtocol }), {
        maxItems: 20_000,
      }),
      'x-kubernetes-validations': [
        {
          rule: "self.all(p, self.exists_one(q, (has(q.name) ? q.name : '') == (has(p.name) ? p.name : '')))",
          message: 'names of ports must be unique within the EndpointSlice',
        },
      ],
    },
    metadata: anything,
  },
  {
    required: ['addressType'],
    rules: [
      addressRule(
        "['IPv4']",
        "isIP(a) && !a.contains(':')",
        'addresses must be IPv4 addresses, as addressType says',
      ),
      addressRule(
        "['IPv6']",
        "isIP(a) && a.contains(':')",
        'addresses must be IPv6 addresses, as addressType says',
      ),
      addressRule(
        "['FQDN']",
        IS_QUALIFIED,
        'addresses must be DNS names of two parts or more, as addressType says',
      ),
      {
        ...addressRule(
          "['IPv4', 'IPv6']",
          IS_REACHABLE,
          'a cluster rejects unspecified, loopback and link-local addresses',
        ),
        clusterOnly: true,
      },
    ],
  },
);
