/** `orrery lineage`: from a release back to its episodes and code, and forward to the trials that judged it. */
import type { Command } from "commander";
import type { LineageReport } from "@orrery/flywheel";
import { formatDuration, formatTable } from "../format.ts";
import { runs, snakeKeys } from "../run.ts";

export function addLineage(program: Command): void {
  const command = program
    .command("lineage")
    .argument("<release>", "folder of a release, or the flywheel's folder and a name or id, as flywheel/r1")
    .description("where a release comes from, what judged it, and whether anything has changed since");
  runs(command, async (args, _options, run) => {
    const { traceRelease } = await import("@orrery/flywheel");
    const report = await traceRelease(args[0] ?? "");
    run.print(describe(report));
    const result = snakeKeys({
      id: report.release.id,
      ancestors: report.ancestors,
      missing: report.missing,
      children: report.children,
      trials: report.trials,
      tampering: report.tampering,
    });
    // Whole, so that others can check the hashes by themselves.
    const episodes = report.release.data.map(({ path, episodes: own, videos }) => ({
      path,
      episodes: own,
      videos,
    }));
    const isWhole = report.tampering.length === 0 && report.missing.length === 0;
    return { result: { ...result, files: report.release.files, data: episodes }, exitCode: isWhole ? 0 : 1 };
  });
}

function describe({ release, ancestors, missing, children, trials, tampering }: LineageReport): string {
  const lines: string[] = [];
  for (const { id, role, round, code, config, seed, steps, trainingSec, data } of ancestors) {
    const count = Object.entries(steps).map(([name, n]) => `${name} ${n} steps`);
    lines.push(
      `${id}: ${role} of round ${round}, ${config}, seed ${seed}, ${count.join(", ")} in ${formatDuration(trainingSec)}`,
      `  code ${code.version}, ${code.commit === null ? "no commit known" : `commit ${code.commit.slice(0, 12)}${code.isDirty ? " and changes not in it" : ""}`}`,
      ...data.map(
        ({ path, stream, weight, episodes, sha256 }) =>
          `  ${path}: ${episodes} episodes (${stream}, ${(100 * weight).toFixed(0)} % of the windows), sha256 ${sha256.slice(0, 16)}`,
      ),
    );
  }
  if (missing.length > 0) lines.push(`Missing: ${missing.join(", ")}`);
  lines.push(
    children.length === 0 ? "Nothing was trained on from it." : `Trained on from it: ${children.join(", ")}`,
  );
  if (trials.length === 0) lines.push(`No trial has judged ${release.name}.`);
  else {
    const rows = trials.map(({ task, split, trials: n, success, ci95, seeds }) => [
      task,
      split,
      n,
      `${(100 * success).toFixed(0)} % (${(100 * ci95[0]).toFixed(0)} to ${(100 * ci95[1]).toFixed(0)})`,
      `${seeds[0]} to ${seeds[1]}`,
    ]);
    lines.push(formatTable(["task", "homes", "trials", "success", "seeds"], rows));
  }
  if (tampering.length === 0)
    lines.push("Nothing has changed: weights and episodes have the hashes they had.");
  for (const { release: of, path, problem } of tampering)
    lines.push(`CHANGED ${path} (of ${of}): ${problem}`);
  return lines.join("\n");
}
