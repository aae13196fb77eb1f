/**
 * Regular expressions that cannot be compiled. They were validated with the configuration; one that still gets here, from a
 * controller of another version for example, matches nothing, affects no other rule, and is reported.
 */
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { RuleId } from '../../ir/ids.ts';
import type { RouteMatch, StringMatch } from '../../ir/match.ts';
import type { RuleProblem } from './rule-problem.ts';
import type { RegexCompiler } from '../router/entry.ts';
import type { CompiledPattern } from '../router/regex.ts';

const NO_MATCH: CompiledPattern = { prefix: '', size: 0, test: () => false };

export class BadPatterns {
  readonly #compile: RegexCompiler;
  /** Why, by pattern. */
  readonly #found = new Map<string, string>();

  constructor(compile: RegexCompiler) {
    this.#compile = compile;
  }

  readonly compile: RegexCompiler = (pattern) => {
    try {
      return this.#compile(pattern);
    } catch (error) {
      this.#found.set(pattern, error instanceof Error ? error.message : String(error));
      return NO_MATCH;
    }
  };

  /** The rules of these configurations with such a pattern. */
  problemsOf(configs: readonly GatewayConfig[]): readonly RuleProblem[] {
    if (this.#found.size === 0) return [];
    return configs.flatMap((config) => {
      const messages = new Map<RuleId, string>();
      for (const { match, rule } of entriesOf(config)) {
        for (const pattern of patternsOf(match)) {
          const why = this.#found.get(pattern);
          if (why !== undefined)
            messages.set(
              rule,
              `the regular expression ${JSON.stringify(pattern)} is invalid and matches nothing: ${why}`,
            );
        }
      }
      return config.rules.flatMap(({ id, origin }) => {
        const message = messages.get(id);
        return message === undefined ? [] : [{ dataPlane: config.dataPlane, rule: origin, message }];
      });
    });
  }
}

const entriesOf = ({ ports }: GatewayConfig) =>
  ports
    .flatMap(({ listeners }) => listeners)
    .flatMap((listener) => (listener.kind === 'http' ? listener.virtualHosts : []))
    .flatMap(({ entries }) => entries);

function patternsOf({ path, headers, query }: RouteMatch): readonly string[] {
  const texts: readonly StringMatch[] = [...headers, ...query].map(({ value }) => value);
  const patterns = texts.flatMap((text) => (text.kind === 'regex' ? [text.pattern] : []));
  return path.kind === 'regex' ? [path.pattern, ...patterns] : patterns;
}
