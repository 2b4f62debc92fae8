/** Entry of the command line: parses, runs one command, turns whatever happened into an exit code. */
import { CommanderError } from "commander";
import { renderError } from "./failure.ts";
import { exitWhenFlushed, guardProcess, reportAsJson } from "./process.ts";
import { makeProgram } from "./program.ts";

guardProcess();
try {
  await makeProgram().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed its message. It ends with 0 for --help and --version and with 1 for wrong use, ours is 2.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    if (error.exitCode !== 0) reportAsJson(error.message.replace(/^error: /, ""));
  } else {
    const failure = renderError(error);
    process.exitCode = failure.exitCode;
    process.stderr.write(`${failure.text}\n`);
    reportAsJson(failure.message);
  }
}
await exitWhenFlushed();
