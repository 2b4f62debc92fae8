/** `orrery train vla-tiny` and its kin: a policy by imitation, where `train` gives a world model. */
import type { PolicyProgress } from "@orrery/agents";
import type { TrainingSource } from "@orrery/models";
import { formatDuration, formatNumber } from "../format.ts";
import type { Result, Run } from "../run.ts";

export interface TrainPolicyFlags {
  readonly config: string;
  readonly sources: readonly TrainingSource[];
  readonly out: string;
  readonly device: string;
  readonly resume?: boolean;
  readonly minutes?: number;
  readonly cameras?: string;
  /** A world model of which the policy takes the number of parameters. */
  readonly match?: string;
  readonly onProgress: (progress: PolicyProgress) => void;
}

export async function trainPolicyFrom(flags: TrainPolicyFlags, run: Run): Promise<Result> {
  const { loadPolicyConfig, openBackbone, policyFacts, sizedTo, trainPolicy } =
    await import("@orrery/agents");
  const { sources, out } = flags;
  const base = loadPolicyConfig(flags.config);
  const cameras = flags.cameras === undefined ? {} : { cameras: flags.cameras.split(",") };
  const note = (text: string): void => void process.stderr.write(`train: ${text}\n`);
  const opened = base.backbone === null ? undefined : await openBackbone(base.backbone);
  const backbone = opened === undefined ? {} : { backbone: opened };
  try {
    let config = base;
    if (flags.match !== undefined) {
      const { parametersOf } = await import("../divide/facts.ts");
      const facts = policyFacts({ config, sources, ...cameras, ...backbone });
      const sized = sizedTo(config, facts, parametersOf(flags.match));
      note(`sized to ${formatNumber(sized.parameters)} parameters, as ${flags.match}`);
      config = sized.config;
    }
    const result = await trainPolicy({
      config,
      sources,
      out,
      seed: run.seed,
      device: flags.device,
      ...cameras,
      ...backbone,
      ...(flags.minutes === undefined ? {} : { minutes: flags.minutes }),
      ...(flags.resume === undefined ? {} : { resume: flags.resume }),
      onNote: note,
      onProgress: flags.onProgress,
      signal: run.signal,
    });
    run.progress.end();
    run.print(
      `Trained in ${formatDuration(result.seconds)}: ${formatNumber(result.steps)} steps on ${formatNumber(result.frames)} frames of ${formatNumber(result.episodes)} episodes, ` +
        `${formatNumber(result.parameters)} parameters, imitation loss ${result.loss["imitation"]?.toFixed(4)}.`,
    );
    run.print(`Run: ${out}`);
    run.print(
      `Next: ./orrery eval control --policy ${out},random,expert --task reach --split seen --out results`,
    );
    return {
      run: result.run,
      steps: result.steps,
      loss: result.loss["imitation"],
      samples_per_second: result.framesPerSecond,
      seconds: result.seconds,
      parameters: result.parameters,
      episodes: result.episodes,
      frames: result.frames,
    };
  } finally {
    await opened?.close();
  }
}
