/** Reads the durations and sizes in the settings of an object, once: what comes after has milliseconds and bytes. */
import { parseDurationMs } from '../lib/duration.ts';
import { parseBytes } from '../lib/quantity.ts';

export type Unit = 'duration' | 'bytes';

/** Settings with numbers in the fields at `Path`: milliseconds of durations, bytes of sizes. */
export type Measured<Spec, Path extends string, At extends string = ''> = {
  readonly [Name in keyof Spec]: `${At}${Name & string}` extends Path
    ? number | Extract<Spec[Name], null>
    : MeasuredField<Spec[Name], Path, `${At}${Name & string}.`>;
};

type MeasuredField<Value, Path extends string, At extends string> = Value extends readonly unknown[]
  ? Value
  : Value extends object
    ? Measured<Value, Path, At>
    : Value;

export interface Reading<Settings> {
  /** Without the fields that are not readable. */
  readonly settings: Settings;
  readonly unreadable: readonly UnreadableField[];
}

export interface UnreadableField {
  /** Below the settings. */
  readonly path: string;
  readonly text: string;
  /** What it should be, with an example. */
  readonly why: string;
}

type Block = Readonly<Record<string, unknown>>;

const isBlock = (value: unknown): value is Block =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `units`: of the fields at their paths. Lists are taken as they are. */
export function readMeasures<Spec extends object, Path extends string>(
  spec: Spec,
  units: Readonly<Record<Path, Unit>>,
): Reading<Measured<Spec, Path>> {
  const unreadable: UnreadableField[] = [];
  const read = (block: Block, at: string): Block => {
    const settings: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(block)) {
      const path = `${at}${name}`;
      const unit = (units as Readonly<Record<string, Unit | undefined>>)[path];
      const measured = unit === undefined ? value : measure(value, unit);
      if (measured === undefined)
        unreadable.push({ path, text: textOf(value), why: whyUnreadable(value, unit) });
      else settings[name] = isBlock(measured) ? read(measured, `${path}.`) : measured;
    }
    return settings;
  };
  return { settings: read(spec as Block, '') as Measured<Spec, Path>, unreadable };
}

/** undefined: not readable. */
function measure(value: unknown, unit: Unit): number | null | undefined {
  if (value === null) return null;
  const text = textOf(value);
  return (unit === 'duration' ? parseDurationMs(text) : parseBytes(text)) ?? undefined;
}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value);

const whyUnreadable = (value: unknown, unit: Unit | undefined): string =>
  unit === 'duration'
    ? `${JSON.stringify(value)} is not a duration, such as 250ms or 1m.`
    : `${JSON.stringify(value)} is not a size, such as 64Ki.`;
