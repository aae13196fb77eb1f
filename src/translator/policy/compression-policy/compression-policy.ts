/** CompressionPolicy: which responses are compressed. proxy/filter/compression says how. */
import type { CompressionPolicy, CompressionPolicySpec } from '../../../gatewayapi/generated/types.ts';
import { SLUICE_GROUP } from '../../../gatewayapi/ref.ts';
import { CODINGS, type Coding, type CompressionSettings } from '../../../ir/compression.ts';
import { readMeasures, type Measured } from '../../measures.ts';
import { policyValue } from '../faults.ts';
import type { PolicyKind } from '../policy-kind.ts';
import type { OverridingSettings, SettingField } from '../policy-settings.ts';

const UNITS = { minSize: 'bytes' } as const;

type CompressionPolicySettings = Measured<Omit<CompressionPolicySpec, 'targetRefs'>, keyof typeof UNITS>;

const DEFAULT_LEVELS: Readonly<Record<Coding, number>> = { zstd: 3, br: 4, gzip: 1 };
const DEFAULT_MIN_BYTES = 1_024;
const DEFAULT_TYPES: readonly string[] = [
  'text/*',
  'application/json',
  'application/*+json',
  'application/javascript',
  'application/xml',
  'application/*+xml',
  'application/wasm',
  'image/svg+xml',
];

const field = (fallback: string, unit: SettingField['unit'] = 'plain'): SettingField => ({
  fallback,
  unit,
  protocols: ['http1', 'h2'],
});

const COMPRESSION_SETTINGS: OverridingSettings<CompressionPolicySettings> = {
  merge: 'override-fields',
  name: 'compression',
  carriers: ['listener', 'rule', 'backend'],
  fields: {
    enabled: field('true'),
    encodings: field(CODINGS.join(', ')),
    types: field(DEFAULT_TYPES.join(', ')),
    minSize: field('1Ki', 'bytes'),
    'levels.zstd': field(String(DEFAULT_LEVELS.zstd)),
    'levels.br': field(String(DEFAULT_LEVELS.br)),
    'levels.gzip': field(String(DEFAULT_LEVELS.gzip)),
  },
  lower: ({
    enabled = true,
    encodings = CODINGS,
    types = DEFAULT_TYPES,
    minSize = DEFAULT_MIN_BYTES,
    levels = {},
  }) => {
    if (!enabled) return null;
    const lowered: CompressionSettings = {
      encodings: encodings.map((coding) => ({ coding, level: levels[coding] ?? DEFAULT_LEVELS[coding] })),
      types: types.map((type) => type.toLowerCase()),
      minBytes: minSize,
    };
    return lowered;
  },
};

export const COMPRESSION_POLICY: PolicyKind<CompressionPolicy, CompressionPolicySettings> = {
  group: SLUICE_GROUP,
  kind: 'CompressionPolicy',
  objects: ({ compressionPolicies }) => compressionPolicies,
  targets: ['Gateway', 'ListenerSet', 'HTTPRoute', 'GRPCRoute'],
  attachment: { kind: 'inherited' },
  whenInvalid: 'ignored',
  hasReferences: false,
  isReferable: true,
  settings: COMPRESSION_SETTINGS,
  // A policy without any field turns compression on.
  read: ({ spec: { enabled = true, encodings, types, minSize, levels } }) => {
    const given = {
      enabled,
      ...(encodings === undefined ? {} : { encodings }),
      ...(types === undefined ? {} : { types }),
      ...(minSize === undefined ? {} : { minSize }),
      ...(levels === undefined ? {} : { levels }),
    };
    const { settings, unreadable } = readMeasures(given, UNITS);
    const faults = unreadable.map(({ path, why }) => policyValue(`spec.${path}`, why));
    return { settings: faults.length > 0 ? null : settings, faults, referenceFaults: [], warnings: [] };
  },
};
