/** Wires the divide: recordings, both sides, the harness with the policies of this project, and the report's files. */
import { cpus } from "node:os";
import { join } from "node:path";
import { writeFileAtomic, writeJsonAtomic } from "@orrery/core/node";
import { openDataset, readMixture } from "@orrery/data";
import {
  divideMarkdown,
  divideReport,
  renderReport,
  runDivide,
  type ControlProgress,
  type DivideResult,
} from "@orrery/eval";
import type { TrainingSource } from "@orrery/models";
import { SPLITS } from "@orrery/sim";
import { formatDuration } from "../format.ts";
import { mixtureAmong } from "../options.ts";
import { takenRuns, trainedVla, trainedWorldModel, type Shown } from "./contenders.ts";

export interface DivideRequest {
  readonly data: readonly string[];
  readonly out: string;
  readonly tasks: readonly string[];
  /** All where null. */
  readonly splits: readonly string[] | null;
  readonly worldModel: string;
  readonly policy: string;
  readonly minutes: number;
  /** Options of the planner, "" for its own. */
  readonly search: string;
  /** Runs to take instead of training; null where that side is trained. */
  readonly taken: {
    readonly worldModels: readonly string[] | null;
    readonly policies: readonly string[] | null;
  };
  readonly seeds: readonly number[];
  readonly trials: number;
  readonly seed: number;
  /** What was typed, for the report. */
  readonly command: string;
  readonly strength?: number;
  readonly workers?: number;
  readonly onTraining: (progress: Shown) => void;
  readonly onStage: (stage: string) => void;
  readonly onNote: (note: string) => void;
  readonly onTrials: (progress: ControlProgress) => void;
  readonly signal: AbortSignal;
}

export interface DivideOutcome {
  readonly result: DivideResult;
  readonly markdown: string;
  readonly files: { readonly html: string; readonly markdown: string; readonly json: string };
}

export async function runTheDivide(request: DivideRequest): Promise<DivideOutcome> {
  const { data, out, taken, seeds, minutes, search, onNote, strength, workers } = request;
  const began = performance.now();
  const sources = await openSources(data);
  const terms = { sources, data: data.join(", "), onProgress: request.onTraining, onNote };
  const { worldModels, policies } = taken;
  const result = await runDivide({
    worldModel:
      worldModels === null
        ? trainedWorldModel(request.worldModel, { minutes, options: search }, terms)
        : takenRuns(worldModels, seeds, sources, search),
    vla: policies === null ? trainedVla(request.policy, terms) : takenRuns(policies, seeds, sources),
    seeds,
    tasks: request.tasks,
    splits: request.splits ?? SPLITS,
    trials: request.trials,
    seed: request.seed,
    out,
    policyModule: import.meta.resolve("@orrery/agents"),
    ...(strength === undefined ? {} : { strength }),
    ...(workers === undefined ? {} : { workers }),
    onStage: request.onStage,
    onNote,
    onTrials: request.onTrials,
    signal: request.signal,
  });
  const files = {
    html: join(out, "report.html"),
    markdown: join(out, "report.md"),
    json: join(out, "result.json"),
  };
  const markdown = divideMarkdown(result);
  const { records, ...findings } = result;
  writeJsonAtomic(files.json, {
    command: request.command,
    ...findings,
    trialsFile: join(out, "trials", "trials.jsonl"),
    records: records.length,
  });
  writeFileAtomic(files.markdown, `# The divide\n\n\`${request.command}\`, ${machine()}.\n\n${markdown}`);
  const facts = [
    { label: "command", value: request.command, isCode: true },
    { label: "machine", value: machine() },
    { label: "data", value: terms.data, isCode: true },
    { label: "training seeds", value: seeds.join(", ") },
    { label: "took, since it was last started", value: formatDuration((performance.now() - began) / 1000) },
  ];
  writeFileAtomic(files.html, renderReport(divideReport(result, facts)));
  return { result, markdown, files };
}

/** Datasets, or those of a mixture. */
async function openSources(data: readonly string[]): Promise<readonly TrainingSource[]> {
  const mixture = mixtureAmong(data);
  if (mixture !== undefined) return (await readMixture(mixture)).sources;
  return Promise.all(data.map(async (path) => ({ dataset: await openDataset(path) })));
}

function machine(): string {
  return `${cpus()[0]?.model ?? "unknown processor"} x ${cpus().length}`;
}
