/** Any thrown value as the one message a person reads, and the exit code that goes with it. */
import { AbortedError, messageOf, OrreryError } from "@orrery/core";
import { cureFor } from "@orrery/core/node";

export interface Failure {
  /** What to print: the message, and for a defect of ours the stack with a plea to report it. */
  readonly text: string;
  /** The message alone, one sentence or two. */
  readonly message: string;
  /** 2 for wrong use, 1 for everything else. */
  readonly exitCode: 1 | 2;
}

/** File system errors that a person can mend, though no package has put them into words. */
const MENDABLE = new Set(["ENOSPC", "EDQUOT", "EACCES", "EPERM", "EROFS"]);

export function renderError(error: unknown): Failure {
  if (error instanceof AbortedError || isAbort(error)) {
    const message =
      error instanceof AbortedError ? error.message : "stopped; what was finished has been kept.";
    return { text: `orrery: ${message}`, message, exitCode: 1 };
  }
  if (error instanceof OrreryError) {
    return { text: `orrery: ${error.message}`, message: error.message, exitCode: error.exitCode };
  }
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code !== undefined && MENDABLE.has(code)) {
    const message = `${messageOf(error)}. ${cureFor(error)}`;
    return { text: `orrery: ${message}`, message, exitCode: 1 };
  }
  const message = `internal: ${messageOf(error)}`;
  const stack = error instanceof Error ? stackOf(error) : "(no stack)";
  return {
    text: `orrery: ${message}\nThis is a defect of orrery. Please report it with the command and the stack below.\n${stack}`,
    message,
    exitCode: 1,
  };
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

/** The frames of an error and of its causes, without repeating the messages that stand above them. */
function stackOf(error: Error): string {
  const own = error.stack ?? "(no stack)";
  return error.cause instanceof Error ? `${own}\nCaused by: ${stackOf(error.cause)}` : own;
}
