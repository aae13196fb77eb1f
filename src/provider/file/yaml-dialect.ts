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

/** Bytes are text in the end: JSON, into which manifests are turned, has nothing else. */
const BINARY: Tag = {
  tag: 'tag:yaml.org,2002:binary',
  default: false,
  resolve: (text) => Buffer.from(text, 'base64').toString('utf8'),
};

const isKept = (tag: Tags[number]): boolean =>
  typeof tag === 'string' ||
  (!LEFT_OUT.has(tag.tag) && tag.tag !== BINARY.tag && !('format' in tag && tag.format === 'TIME'));

export const YAML_OPTIONS: ParseOptions & DocumentOptions & SchemaOptions = {
  version: '1.1',
  prettyErrors: false,
  logLevel: 'silent',
  customTags: (tags) => [OCTAL, BINARY, ...tags.filter(isKept)],
};
