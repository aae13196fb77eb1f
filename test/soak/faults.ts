/** Gives the endpoints of the scenarios their fates, one fault after the other; the seed has their order and how long each lasts. */
import { Random } from '../support/random.ts';
import type { Backends, Place } from './backends.ts';
import type { Manifests } from './manifests.ts';
import type { Mode, Scenario } from './scenarios.ts';
import { sharedNow } from './stalls.ts';

/** When every endpoint of a scenario was down, on the clock of `sharedNow`. */
export interface Outage {
  readonly scenario: string;
  readonly fromMs: number;
  /** Infinity until it is over. */
  readonly toMs: number;
}

const DWELL_MS = { least: 300, more: 1_700 } as const;
/** Long enough for all workers to know that an endpoint leaves. */
const NOTICE_MS = 500;
const DOWN: readonly Mode[] = ['refuses', 'reset-before-head', '5xx'];

export class Faults {
  readonly outages: Outage[] = [];
  /** Faults begun, by mode. */
  readonly counts = new Map<string, number>();
  readonly #backends: Backends;
  readonly #manifests: Manifests;
  readonly #seed: number;
  readonly #places = new Map<Scenario, Place[]>();
  readonly #away = new Set<Place>();
  readonly #loops: Promise<void>[] = [];
  readonly #stop = new AbortController();

  constructor(backends: Backends, manifests: Manifests, seed: number) {
    this.#backends = backends;
    this.#manifests = manifests;
    this.#seed = seed;
  }

  /** Starts the endpoints of a scenario; all of them are well. */
  async add(scenario: Scenario): Promise<void> {
    const places: Place[] = [];
    for (const fate of scenario.fates) {
      const place = await this.#backends.start(scenario.protocol);
      places.push(place);
      if (fate === 'slow') await this.#set(place, 'slow');
    }
    this.#places.set(scenario, places);
    this.#manifests.endpoints(scenario, places);
  }

  begin(): void {
    for (const [scenario, places] of this.#places) {
      scenario.fates.forEach((fate, index) => {
        const place = places[index];
        if (place === undefined) return;
        if (fate === 'faulty') this.#repeat((random) => this.#misbehave(random, scenario, place));
        if (fate === 'flapping') this.#repeat((random) => this.#flap(random, scenario, place));
      });
      if (scenario.fates.every((fate) => fate === 'down'))
        this.#repeat((random) => this.#bringDown(random, scenario, places));
    }
  }

  /** Ends all active faults; all endpoints are healthy afterwards. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#loops);
  }

  /** Each loop has a sequence of its own, so that none depends on how fast another is. */
  #repeat(once: (random: Random) => Promise<void>): void {
    const random = new Random(this.#seed + this.#loops.length);
    const loop = async (): Promise<void> => {
      while (!this.#stop.signal.aborted) await once(random);
    };
    this.#loops.push(loop());
  }

  #set(place: Place, mode: Mode): Promise<void> {
    if (mode !== 'well') this.counts.set(mode, (this.counts.get(mode) ?? 0) + 1);
    return this.#backends.set(place, mode);
  }

  #dwell(random: Random): Promise<void> {
    return this.#wait(DWELL_MS.least + random.next() * DWELL_MS.more);
  }

  /** Shorter when it is to stop. */
  async #wait(ms: number): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
    });
  }

  async #misbehave(random: Random, scenario: Scenario, place: Place): Promise<void> {
    await this.#set(place, random.pick(scenario.modes));
    await this.#dwell(random);
    if (this.#stop.signal.aborted) await this.#set(place, 'well');
  }

  /** Leaves as a pod does, or dies and is missed later; then comes back. */
  async #flap(random: Random, scenario: Scenario, place: Place): Promise<void> {
    await this.#dwell(random);
    const isAnnounced = random.chance(0.5);
    if (isAnnounced) {
      this.#list(scenario, place, false);
      await this.#wait(NOTICE_MS);
      await this.#set(place, 'refuses');
    } else {
      await this.#set(place, 'refuses');
      await this.#wait(NOTICE_MS);
      this.#list(scenario, place, false);
    }
    await this.#dwell(random);
    await this.#set(place, 'well');
    this.#list(scenario, place, true);
  }

  #list(scenario: Scenario, place: Place, isThere: boolean): void {
    if (isThere) this.#away.delete(place);
    else this.#away.add(place);
    const places = this.#places.get(scenario) ?? [];
    this.#manifests.endpoints(
      scenario,
      places.filter((candidate) => !this.#away.has(candidate)),
    );
  }

  async #bringDown(random: Random, scenario: Scenario, places: readonly Place[]): Promise<void> {
    await this.#dwell(random);
    const { name } = scenario;
    const mode = random.pick(DOWN);
    const fromMs = sharedNow();
    const at = this.outages.push({ scenario: name, fromMs, toMs: Infinity }) - 1;
    for (const place of places) await this.#set(place, mode);
    await this.#dwell(random);
    for (const place of places) await this.#set(place, 'well');
    this.outages[at] = { scenario: name, fromMs, toMs: sharedNow() };
    await this.#dwell(random);
  }
}
