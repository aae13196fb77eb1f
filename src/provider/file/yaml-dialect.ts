/**
 * YAML as Kubernetes' tools read it (sigs.k8s.io/yaml): version 1.1, in which a bare `no` is false and `010` is 8, but without its dates and
 * base-60 numbers, and with the octal form of 1.2.
 */
import type { DocumentOptions, ParseOptions, SchemaOptions, Tags } from 'yaml';

type Tag = Exclude<Tags[number], string>;

const LEFT_OUT = new Set(['timestamp', 'omap', 'pairs', 'set'].map((name) => `tag:yaml.org,2002:${name}`));

const OCTAL: Tag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0o[0-7]+$/,
  resolve: (text) => Number.parseInt(text.replace('0o', ''), 8),
};

/**
 * Numbers have digits (go-yaml, which kubectl reads with). The expressions of YAML 1.1 take a lone `.` and `e10` as well, both of which
 * are regular expressions or names in manifests.
 */
const NUMBERS: readonly Tag[] = [
  {
    tag: 'tag:yaml.org,2002:int',
    default: true,
    test: /^(?:[-+]_*)?[0-9][0-9_]*$/,
    resolve: (text) => Number.parseInt(text.replaceAll('_', ''), 10),
  },
  {
    tag: 'tag:yaml.org,2002:float',
    default: true,
    test: /^[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?$/,
    resolve: (text) => Number.parseFloat(text.replaceAll('_', '')),
  },
];

/** Binary values are strings: manifests become JSON, which has no other type. */
const BINARY: Tag = {
  tag: 'tag:yaml.org,2002:binary',
  default: false,
  resolve: (text) => Buffer.from(text, 'base64').toString('utf8'),
};

const isKept = (tag: Tags[number]): boolean =>
  typeof tag === 'string' || (!LEFT_OUT.has(tag.tag) && tag.tag !== BINARY.tag && !isDecimal(tag));

/** What `NUMBERS` replaces, and numbers to base 60. The integers to base 2, 8 and 16 stay, and so do infinity and NaN. */
const isDecimal = (tag: Tag): boolean => {
  const format = 'format' in tag ? tag.format : undefined;
  if (format === 'TIME' || format === 'EXP') return true;
  return format === undefined && 'test' in tag && tag.test.test('1.');
};

export const YAML_OPTIONS: ParseOptions & DocumentOptions & SchemaOptions = {
  version: '1.1',
  prettyErrors: false,
  logLevel: 'silent',
  // repeated-keys.ts finds them: the parser's own test is quadratic.
  uniqueKeys: false,
  customTags: (tags) => [OCTAL, BINARY, ...tags.filter(isKept), ...NUMBERS],
};
