/**
 * The errors every package throws. A message reads: where, what must hold, what was found, what to do next.
 * `exitCode` is what the command line ends with: 2 for wrong use, 1 for everything else.
 */

/** Base of all errors that a user can act on; anything else reaching the top is a defect of ours. */
export class OrreryError extends Error {
  readonly exitCode: 1 | 2 = 1;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The command or call itself is wrong: an unknown option, task, or file name. */
export class UsageError extends OrreryError {
  override readonly exitCode = 2;
}

/** A file, dataset or stream is not what its format promises. */
export class DataError extends OrreryError {
  /** The file or dataset at fault, where there is one. */
  readonly path: string | undefined;

  constructor(message: string, options?: { path?: string; cause?: unknown }) {
    super(message, options);
    this.path = options?.path;
  }
}

/** A configuration object has unknown keys or values out of range; all problems are listed at once. */
export class ConfigError extends OrreryError {
  override readonly exitCode = 2;
  readonly problems: readonly string[];

  constructor(where: string, problems: readonly string[]) {
    super(`${where}: ${problems.join("; ")}`);
    this.problems = problems;
  }
}

/** A tensor or array has another shape than the operation needs. */
export class ShapeError extends OrreryError {
  readonly expected: string;
  readonly found: readonly number[];

  constructor(where: string, what: string, expected: string, found: readonly number[], hint = "") {
    super(
      `${where}: ${what} must have shape ${expected}, got [${found.join(", ")}].${hint ? ` ${hint}` : ""}`,
    );
    this.expected = expected;
    this.found = found;
  }
}

/**
 * A policy that is set up rightly found no action in the situation it was in, mostly because its numbers ran away. That
 * episode is a failure of the policy, and another one may go well; all other errors of a policy are faults of the set-up.
 */
export class NoDecisionError extends OrreryError {}

/** The user (Ctrl-C) or a caller asked for the work to stop; finished work has been kept. */
export class AbortedError extends OrreryError {}

/** The text of any thrown value, for wrapping into a message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
