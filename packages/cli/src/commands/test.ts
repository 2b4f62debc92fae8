/** `orrery test`: every check that guards the repository, the one command that CI runs. */
import type { Command } from "commander";
import { runs } from "../run.ts";

export function addTest(program: Command): void {
  const command = program
    .command("test")
    .argument("[files...]", "run only the tests of files whose path contains one of these")
    .description("check types, lint, format and layers, then run the tests");
  runs(command, async (files, _options, run) => {
    const { runSuite } = await import("../suite.ts");
    const { passed, failed, skipped } = await runSuite(files, run.signal);
    // The line that CI and people look for; it stands alone and last.
    run.print(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
    return { result: { passed, failed, skipped }, exitCode: failed === 0 ? 0 : 1 };
  });
}
