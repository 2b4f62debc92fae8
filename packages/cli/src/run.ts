/**
 * How every command runs: `--json` and `--seed` mean the same everywhere, progress goes to stderr, Ctrl-C aborts.
 *
 * Exit code 2 is wrong use, which includes a path where nothing is; 1 is everything else, which includes a path where
 * something is, but not what is needed (an empty folder, a file cut off), and Ctrl-C.
 */
import type { Command, OptionValues } from "commander";
import { wholeNumber } from "./options.ts";
import { interruptSignal } from "./process.ts";
import { Progress } from "./progress.ts";

/** What a command gets beside its own arguments and options. */
export interface Run {
  /**
   * Aborts on Ctrl-C. Reading it is a promise to obey it: a command that never does is ended at once, with one message
   * and exit code 1 as well (`guardProcess`).
   */
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly seed: number;
  /** Prints for a person; silent under `--json`. */
  readonly print: (text: string) => void;
}

/** The fields of `--json`; nothing is printed beside them. */
export type Result = Readonly<Record<string, unknown>>;

/**
 * Gives a command its behaviour. `work` returns the fields of `--json`, which become the last line of stdout.
 * It may return an exit code of 1 with them, for checks that found something wrong.
 */
export function runs(
  command: Command,
  work: (
    args: readonly string[],
    options: OptionValues,
    run: Run,
  ) => Promise<Result | { result: Result; exitCode: 0 | 1 }>,
): void {
  command.option("--json", "print one JSON object as the last line of stdout");
  command.option("--seed <n>", "seed of every random choice", wholeNumber, 0);
  command.action(async (...given: unknown[]) => {
    // Commander passes one value per declared argument, then the options, then the command.
    const { json, seed, ...options } = command.opts<{ json?: boolean; seed: number }>();
    const args = given
      .slice(0, -2)
      .flat()
      .filter((value): value is string => typeof value === "string");
    const progress = new Progress();
    let signal: AbortSignal | undefined;
    try {
      const outcome = await work(args, options, {
        get signal() {
          return (signal ??= interruptSignal());
        },
        progress,
        seed,
        print: (text) => void (json || process.stdout.write(`${text}\n`)),
      });
      progress.end();
      const { result, exitCode } = isOutcome(outcome) ? outcome : { result: outcome, exitCode: 0 };
      if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
      process.exitCode = exitCode;
    } finally {
      progress.end();
    }
  });
}

/**
 * A record with its keys in snake_case, as all of `--json` is, at every depth. For records whose keys are field
 * names; a key that comes from data (a camera, a task) must not pass through here.
 */
export function snakeKeys(value: object): Result {
  const convert = (inner: unknown): unknown => {
    if (Array.isArray(inner)) return inner.map(convert);
    return typeof inner === "object" && inner !== null ? snakeKeys(inner) : inner;
  };
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(
        /([a-z0-9])([A-Z])/g,
        (_, before: string, after: string) => `${before}_${after.toLowerCase()}`,
      ),
      convert(inner),
    ]),
  );
}

function isOutcome(
  value: Result | { result: Result; exitCode: 0 | 1 },
): value is { result: Result; exitCode: 0 | 1 } {
  return "exitCode" in value && "result" in value;
}
