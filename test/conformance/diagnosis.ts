/** What a cluster shows after a test failed: warnings, pods that restarted or are not ready, and logs of controllers and proxies. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A call of kubectl, such as `['get', 'pods', '-A']`. */
export type Ask = (args: readonly string[]) => Promise<string>;

const SYSTEM = 'sluice-system';
const LOG_LINES = 400;
/** For the summary in the output of the run. */
const EVENT_LINES = 25;

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: Readonly<Record<string, { readonly reason?: string }>>;
  readonly lastState?: Readonly<
    Record<string, { readonly reason?: string; readonly exitCode?: number; readonly finishedAt?: string }>
  >;
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly namespace: string; readonly name: string };
    readonly status: { readonly phase: string; readonly containerStatuses?: readonly ContainerStatus[] };
  }[];
}

interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly hasRestarted: boolean;
  /** What is wrong with it, as one line; empty when nothing is. */
  readonly trouble: string;
}

/** Writes all there is into `folder`, and returns a summary that names the files. Never rejects. */
export async function diagnose(
  ask: Ask,
  { folder, namespaces }: { readonly folder: string; readonly namespaces: readonly string[] },
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const keep = (name: string, text: string): void => {
    writeFileSync(join(folder, name), text);
  };
  const answer = (...words: readonly string[]): Promise<string> =>
    ask(words).catch((error: unknown) => `kubectl ${words.join(' ')} failed: ${String(error)}\n`);

  const events = await answer('get', 'events', '-A', '--sort-by=.lastTimestamp');
  keep('events.txt', events);
  keep('pods.txt', await answer('get', 'pods', '-A', '-o', 'wide'));
  for (const namespace of namespaces) {
    const kinds = 'gateways,httproutes,services,endpointslices';
    keep(`${namespace}.yaml`, await answer('-n', namespace, 'get', kinds, '-o', 'yaml'));
  }

  const pods = readPods(await answer('get', 'pods', '-A', '-o', 'json'));
  const isShown = ({ namespace, trouble }: Pod): boolean =>
    trouble !== '' || namespace === SYSTEM || namespaces.includes(namespace);
  for (const pod of pods.filter(isShown)) {
    const words = ['-n', pod.namespace, 'logs', pod.name, '--all-containers', `--tail=${String(LOG_LINES)}`];
    keep(`${pod.namespace}.${pod.name}.log`, await answer(...words, '--timestamps'));
    if (pod.hasRestarted)
      keep(`${pod.namespace}.${pod.name}.previous.log`, await answer(...words, '--previous'));
  }
  const warnings = events.split('\n').filter((line) => /\bWarning\b/.test(line));
  return [
    `Events, pods, objects and logs of ${[SYSTEM, ...namespaces].join(', ')} are in ${folder}.`,
    ...pods.filter(({ trouble }) => trouble !== '').map(({ trouble }) => trouble),
    ...warnings.slice(-EVENT_LINES),
  ].join('\n');
}

/** Empty when the text is none of a list of pods, such as an error. */
function readPods(json: string): readonly Pod[] {
  let list: PodList;
  try {
    list = JSON.parse(json) as PodList;
  } catch {
    return [];
  }
  return list.items.map(({ metadata: { namespace, name }, status }) => {
    const containers = status.containerStatuses ?? [];
    const troubles = containers.map(describeContainer).filter((text) => text !== '');
    return {
      namespace,
      name,
      hasRestarted: containers.some(({ restartCount }) => restartCount > 0),
      trouble:
        troubles.length === 0 ? '' : `pod ${namespace}/${name} (${status.phase}): ${troubles.join('; ')}`,
    };
  });
}

function describeContainer({
  name,
  ready,
  restartCount,
  state = {},
  lastState = {},
}: ContainerStatus): string {
  const parts: string[] = [];
  if (!ready) {
    const [kind, detail] = Object.entries(state)[0] ?? ['unknown', {}];
    parts.push(`${name} is not ready: ${detail.reason ?? kind}`);
  }
  if (restartCount > 0) {
    const last = Object.values(lastState)[0];
    const how =
      last === undefined ? '' : `, last ${last.reason ?? ''} with exit code ${String(last.exitCode)}`;
    parts.push(
      `${name} restarted ${String(restartCount)} times${how} at ${last?.finishedAt ?? 'unknown time'}`,
    );
  }
  return parts.join(', ');
}
