/** Runs one scenario: all proxies up at once, loaded in turn, round after round. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer } from '../peers/peer.ts';
import type { CertificateFiles } from '../tools/certificate.ts';
import { freePort, startProgram, type Running } from '../peers/running.ts';
import type { LoadContext, Sample, Scenario, Variant } from '../scenarios/scenario.ts';

/** Until just-in-time compilers have done most of their work. */
const WARM_UP_SECONDS = 4;

export interface Row {
  readonly label: string;
  readonly samples: readonly Sample[];
}

export interface BatchOptions {
  readonly peers: readonly Peer[];
  readonly backendPort: number;
  readonly certificate: CertificateFiles;
  /** Labels of rows that are not wanted. */
  readonly skip: readonly string[];
  readonly rounds: number;
  readonly context: LoadContext;
  /** Told after each sample. */
  readonly onSample: (label: string, round: number, sample: Sample) => void;
}

interface Participant {
  readonly variant: Variant;
  readonly proxy: Running;
  readonly samples: Sample[];
}

/** Rows of the scenario whose peer is here and serves it: each peer as it is, then the variants. */
export function variantsOf(scenario: Scenario, peers: readonly Peer[], skip: readonly string[]): Variant[] {
  const able = peers.filter((peer) => peer.serves(scenario.service));
  const plain = able.map(({ name }) => ({ label: name, peer: name }));
  const special = scenario.variants.filter(({ peer }) => able.some(({ name }) => name === peer));
  return [...plain, ...special].filter(({ label }) => !skip.includes(label));
}

async function start(scenario: Scenario, variant: Variant, options: BatchOptions): Promise<Participant> {
  const peer = options.peers.find(({ name }) => name === variant.peer);
  if (peer === undefined) throw new Error(`no peer ${variant.peer}`);
  const folder = join(options.context.folder, `${scenario.name}-${variant.label.replaceAll(/\W+/gu, '-')}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const command = peer.prepare({
    port,
    backendPort: options.backendPort,
    workers: scenario.workers,
    service: scenario.service,
    certificate: options.certificate,
    accessLog: variant.accessLog === true,
    folder,
  });
  const protocol = scenario.service.kind === 'udp' ? 'udp' : 'tcp';
  try {
    return { variant, proxy: await startProgram(command, folder, { port, protocol }), samples: [] };
  } catch (error) {
    throw new Error(`${variant.label} did not start for ${scenario.name}`, { cause: error });
  }
}

async function sampleOf(
  { variant, proxy }: Participant,
  scenario: Scenario,
  context: LoadContext,
): Promise<Sample> {
  try {
    return await scenario.measure(proxy, context);
  } catch (error) {
    throw new Error(`${variant.label} under ${scenario.name}`, { cause: error });
  }
}

/** Each round starts with another proxy, so that no one is always measured right after the same neighbor. */
const turned = <Item>(items: readonly Item[], by: number): Item[] => [
  ...items.slice(by % items.length),
  ...items.slice(0, by % items.length),
];

export async function runBatch(scenario: Scenario, options: BatchOptions): Promise<Row[]> {
  const participants: Participant[] = [];
  const { context, onSample } = options;
  try {
    for (const variant of variantsOf(scenario, options.peers, options.skip)) {
      participants.push(await start(scenario, variant, options));
    }
    if (scenario.warmUp) {
      const seconds = WARM_UP_SECONDS;
      for (const participant of participants) await sampleOf(participant, scenario, { ...context, seconds });
    }
    for (let round = 0; round < (scenario.rounds ?? options.rounds); round += 1) {
      for (const participant of turned(participants, round)) {
        const sample = await sampleOf(participant, scenario, context);
        participant.samples.push(sample);
        onSample(participant.variant.label, round, sample);
      }
    }
    return participants.map(({ variant, samples }) => ({ label: variant.label, samples }));
  } finally {
    await Promise.all(participants.map(({ proxy }) => proxy.stop()));
  }
}
