/** Requests without a pause, on kept and on fresh connections, while a test changes something. */
import { Agent } from 'node:http';
import { send, type Answer, type SentRequest } from './http-client.ts';

export interface LoadOutcome {
  readonly answered: number;
  /** What did not end in an answer of status 200, in words; at most the first twenty. */
  readonly failures: readonly string[];
}

export interface SteadyLoad {
  /** Resolves once `count` more requests have been answered, or one has failed. */
  answers(count: number): Promise<void>;
  stop(): Promise<LoadOutcome>;
}

export interface LoadOptions {
  readonly request: SentRequest;
  /** Loops that reuse one connection each. */
  readonly kept: number;
  /** Loops that open a connection for every request. */
  readonly fresh: number;
  readonly onAnswer?: (answer: Answer) => void;
}

export function startLoad({ request, kept, fresh, onAnswer }: LoadOptions): SteadyLoad {
  const agents = Array.from({ length: kept }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const failures: string[] = [];
  const waiting = new Set<() => void>();
  let answered = 0;
  let running = true;

  const loop = async (agent: Agent | null): Promise<void> => {
    while (running) {
      try {
        const answer = await send(agent === null ? request : { ...request, agent });
        if (answer.status !== 200) failures.push(`status ${answer.status}: ${answer.body}`);
        else onAnswer?.(answer);
        answered += 1;
      } catch (error) {
        failures.push(String(error));
      }
      for (const check of waiting) check();
      // A server that refuses everything must not turn this into a busy loop.
      if (failures.length >= 20) return;
    }
  };
  const loops = [...agents, ...Array.from({ length: fresh }, () => null)].map(loop);

  return {
    answers(count) {
      const goal = answered + count;
      return new Promise((resolve) => {
        const check = (): void => {
          if (answered < goal && failures.length === 0) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      });
    },
    async stop() {
      running = false;
      await Promise.all(loops);
      for (const agent of agents) agent.destroy();
      return { answered, failures };
    },
  };
}
