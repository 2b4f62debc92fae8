/** What the command line owes to the process it runs in: closed pipes, Ctrl-C, defects that nobody caught. */
import { renderError } from "./failure.ts";

/**
 * Survives a reader that goes away (`orrery data list STORE | head`), reports what nobody caught, and ends on Ctrl-C
 * until a command takes that over with `interruptSignal`.
 */
export function guardProcess(): void {
  for (const name of INTERRUPTS) {
    const loading = process.listeners(name); // bin/orrery.mjs has one for the time of loading
    process.on(name, endAtOnce);
    for (const listener of loading) process.off(name, listener);
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // The work goes on: a closed pipe loses the report of it, not the work.
      if (error.code !== "EPIPE") throw error;
    });
  }
  for (const event of ["uncaughtException", "unhandledRejection"]) {
    process.on(event, (error: unknown) => {
      const failure = renderError(error);
      process.stderr.write(`${failure.text}\n`);
      reportAsJson(failure.message);
      process.exit(failure.exitCode);
    });
  }
}

/** `--json` promises one object as the last line of stdout, in failure too. */
export function reportAsJson(message: string): void {
  if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify({ error: message })}\n`);
}

/** There is always a listener: with the last one Node drops a signal that has come and is not yet told. */
const INTERRUPTS = ["SIGINT", "SIGTERM"] as const;

/** For commands that have nothing to keep: what they write, they write whole at their end. */
function endAtOnce(): void {
  const message = "stopped before its end; what was there before is as it was.";
  process.stderr.write(`\norrery: ${message}\n`);
  reportAsJson(message);
  process.exit(1);
}

/** Wrappers (timeout, npm) pass a Ctrl-C on to a process that has had it from the terminal already. */
const SAME_INTERRUPT_MS = 500;

/** The first Ctrl-C (or SIGTERM) asks the work to stop and keep what is finished, the second ends the process. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  let firstAtMs = 0;
  const interrupt = (): void => {
    if (!controller.signal.aborted) {
      firstAtMs = performance.now();
      process.stderr.write(
        "\norrery: stopping and keeping what is finished. Press Ctrl-C again to quit at once.\n",
      );
      controller.abort();
    } else if (performance.now() - firstAtMs > SAME_INTERRUPT_MS) {
      reportAsJson("quit at once, before what was finished could be kept.");
      process.exit(1);
    }
  };
  for (const name of INTERRUPTS) {
    process.on(name, interrupt);
    process.off(name, endAtOnce);
  }
  return controller.signal;
}

/** Ends the process with `process.exitCode` once all output has reached its reader, whatever threads are open. */
export async function exitWhenFlushed(): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map(flushed));
  process.exit();
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.errored) resolve();
    else stream.write("", () => resolve());
  });
}
