/**
 * The encoder's copy of the peer's dynamic table: the index of each name and value. Looked up by name, then by value, so that
 * no combined key must be built.
 */
import { HEADER_IDS } from '../../message/header-id.ts';
import { ENTRY_OVERHEAD, Pseudo } from '../../message/header-entry.ts';
import { DEFAULT_RULE, NAME_RULES, type NameRule } from './name-rules.ts';

/** Evicted entries are removed from the queue in batches of this size. */
const COMPACT_AT = 64;

/**
 * Small numbers for the names that are sent all the time, for a look-up that costs no hash: a `HeaderId`, or one of these for
 * pseudo-header fields. 0 = any other name.
 */
export const NamePlace = {
  other: 0,
  method: HEADER_IDS + Pseudo.method,
  scheme: HEADER_IDS + Pseudo.scheme,
  path: HEADER_IDS + Pseudo.path,
  authority: HEADER_IDS + Pseudo.authority,
  status: HEADER_IDS + Pseudo.status,
} as const;
const PLACES = HEADER_IDS + Pseudo.unknown;
/** A connection gets its list of names by number after this many look-ups: an idle one does not need it. */
const BUSY_AT = 256;

/** A name with its values in the table. */
export class TableName {
  readonly name: string;
  readonly rule: NameRule;
  /** Most names have one value at a time; `more` holds the others. */
  #value = '';
  #number = -1;
  #more: Map<string, number> | null = null;

  constructor(name: string, rule: NameRule) {
    this.name = name;
    this.rule = rule;
  }

  /** Number of the insertion of `value`; -1 when it is not in the table. */
  find(value: string): number {
    if (this.#number >= 0 && this.#value === value) return this.#number;
    return this.#more?.get(value) ?? -1;
  }

  add(value: string, number: number): void {
    if (this.#number < 0) {
      this.#value = value;
      this.#number = number;
    } else {
      this.#more ??= new Map();
      this.#more.set(value, number);
    }
  }

  remove(value: string, number: number): void {
    if (this.#number === number) this.#number = -1;
    else if (this.#more?.get(value) === number) this.#more.delete(value);
  }

  get isEmpty(): boolean {
    return this.#number < 0 && (this.#more === null || this.#more.size === 0);
  }
}

interface Inserted {
  readonly owner: TableName;
  readonly value: string;
  readonly size: number;
  readonly number: number;
}

export class EncoderTable {
  #limitBytes: number;
  #bytes = 0;
  /** Oldest first; `#first` is the oldest that still counts. */
  #queue: Inserted[] = [];
  #first = 0;
  #insertions = 0;
  readonly #names = new Map<string, TableName>();
  #byPlace: (TableName | null)[] | null = null;
  #lookups = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /**
   * The state of a name. Names with a rule are kept forever, because they are few; of others, only those with a value in the
   * table, because peers choose the names. `place`: that of the name.
   */
  nameOf(name: string, place: number): TableName {
    if (place === NamePlace.other) return this.#find(name);
    if (this.#byPlace === null) {
      if (++this.#lookups < BUSY_AT) return this.#find(name);
      this.#byPlace = new Array<TableName | null>(PLACES).fill(null);
    }
    return (this.#byPlace[place] ??= this.#find(name));
  }

  #find(name: string): TableName {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const rule = NAME_RULES.get(name);
    const added = new TableName(name, rule ?? DEFAULT_RULE);
    if (rule !== undefined) this.#names.set(name, added);
    return added;
  }

  /** Insertions since that of `number`: 0 = it is the newest. */
  ageOf(number: number): number {
    return this.#insertions - 1 - number;
  }

  fits(bytes: number): boolean {
    return bytes + ENTRY_OVERHEAD <= this.#limitBytes;
  }

  /** `value` must fit. */
  insert(owner: TableName, value: string): void {
    const number = this.#insertions++;
    const size = owner.name.length + value.length + ENTRY_OVERHEAD;
    this.#queue.push({ owner, value, size, number });
    this.#bytes += size;
    this.#evict();
    owner.add(value, number);
    if (owner.rule === DEFAULT_RULE) this.#names.set(owner.name, owner);
  }

  resize(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#bytes > this.#limitBytes) {
      const oldest = this.#queue[this.#first++];
      if (oldest === undefined) break;
      this.#bytes -= oldest.size;
      oldest.owner.remove(oldest.value, oldest.number);
      if (oldest.owner.rule === DEFAULT_RULE && oldest.owner.isEmpty) this.#names.delete(oldest.owner.name);
    }
    if (this.#first >= COMPACT_AT) {
      this.#queue = this.#queue.slice(this.#first);
      this.#first = 0;
    }
  }
}
