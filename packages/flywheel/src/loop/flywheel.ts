/**
 * One turn of the loop after the other: operators are recorded, a model is trained, a fleet acts by it in homes it has
 * never seen, what it lived through is sifted and learnt from, and the new release takes the old one's place only if it
 * does better on trials that stay the same. Beside every candidate a control is trained for as many steps without new
 * data, for more training alone may help as well.
 *
 * Every step is kept in the journal when it ends and can be stopped within: what is lost is the episode or trial under
 * way, or the training since the last checkpoint.
 */
import { resolve } from "node:path";
import { AbortedError } from "@orrery/core";
import { takeLock } from "@orrery/core/node";
import { openDataset, readMixture } from "@orrery/data";
import {
  loadPolicyModule,
  pairedSuccess,
  pairTrials,
  runControl,
  type TrialRecord,
} from "@orrery/eval/control";
import { runFleet } from "../fleet/run-fleet.ts";
import { registerRelease, type ReleaseRole } from "../registry/release.ts";
import { selectRound, writeMixture } from "./collect.ts";
import { judge, standingOf, type Standing } from "./gate.ts";
import { Journal } from "./journal.ts";
import type { FlywheelHooks, FlywheelParts, TrainLength } from "./parts.ts";
import { placesIn, type Places } from "./places.ts";
import type { FlywheelResult, Judged, RecordedStart, RoundResult, Trained } from "./results.ts";
import { checkSettings, homeSeed, type FlywheelSettings } from "./settings.ts";

export interface FlywheelOptions extends FlywheelHooks {
  readonly out: string;
  readonly settings: FlywheelSettings;
  readonly parts: FlywheelParts;
  /** Goes on with the flywheel in `out` instead of beginning one. */
  readonly resume?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * @throws {ConfigError} for settings out of range
 * @throws {UsageError} if `out` holds another flywheel or something else, or `resume` does not fit what is there
 * @throws {DataError} if another process runs a flywheel in `out`
 * @throws {AbortedError} when `signal` fired; what was finished is kept
 */
export async function runFlywheel(options: FlywheelOptions): Promise<FlywheelResult> {
  const out = resolve(options.out);
  checkSettings(options.settings);
  options.parts.check(options.settings);
  const release = takeLock(resolve(out, "lock"), "flywheel", out);
  try {
    const journal = Journal.open(out, options.settings, options.resume ?? false);
    return await new Flywheel(options, journal, placesIn(out)).run();
  } finally {
    release();
  }
}

function lengthOf(minutes: number, mainSteps: number | null): TrainLength {
  return mainSteps === null ? { minutes } : { mainSteps };
}

/** A release and its counterpart that never saw the fleet's data; the first release is its own. */
interface Champion {
  readonly release: Trained;
  readonly control: Trained;
}

class Flywheel {
  readonly #options: FlywheelOptions;
  readonly #settings: FlywheelSettings;
  readonly #journal: Journal;
  readonly #places: Places;

  constructor(options: FlywheelOptions, journal: Journal, places: Places) {
    this.#options = options;
    this.#settings = journal.settings;
    this.#journal = journal;
    this.#places = places;
  }

  async run(): Promise<FlywheelResult> {
    const start = await this.#step("record", () => this.#record());
    const mixture = writeMixture(this.#places, 0, { ...start, fleetFrames: 0 }, this.#settings);
    const { baseMinutes, baseSteps, rounds } = this.#settings;
    const length = lengthOf(baseMinutes, baseSteps);
    const base = await this.#step("train r0", () =>
      this.#train("r0", "base", 0, { mixture, parent: null, length }),
    );
    const first = await this.#step("trials r0", () => this.#judgeFirst(base));
    const begun = { start, base, ...first };
    let champion: Champion = { release: base, control: base };
    const results: RoundResult[] = [];
    for (let round = 1; round <= rounds; round++) {
      const result = await this.#round(round, champion, start, results);
      results.push(result);
      const { candidate, control } = result;
      if (result.judged.verdict.isPromoted) champion = { release: candidate, control };
      this.#options.onRound?.({ ...begun, rounds: [...results], ...this.#now(champion) });
    }
    return { ...begun, rounds: results, ...this.#now(champion) };
  }

  #now({ release }: Champion): Pick<FlywheelResult, "champion" | "seconds"> {
    const seconds = this.#journal.steps.reduce((sum, step) => sum + (step.seconds ?? 0), 0);
    return { champion: release, seconds };
  }

  async #round(
    round: number,
    { release, control }: Champion,
    start: RecordedStart,
    before: readonly RoundResult[],
  ): Promise<RoundResult> {
    const named = (what: string): string => `round ${round}: ${what}`;
    const fleet = await this.#step(named("fleet"), () => this.#deploy(round, release));
    const minFrames = this.#options.parts.minFrames(this.#settings.config);
    const selection = await this.#step(named("select"), () =>
      selectRound(this.#places, round, this.#settings, minFrames),
    );
    const fleetFrames =
      selection.keptFrames + before.reduce((sum, past) => sum + past.selection.keptFrames, 0);
    const mixture = writeMixture(this.#places, round, { ...start, fleetFrames }, this.#settings);
    const candidate = await this.#step(named("train"), () =>
      this.#train(`r${round}`, "candidate", round, {
        mixture,
        parent: release,
        length: lengthOf(this.#settings.roundMinutes, this.#settings.roundSteps),
      }),
    );
    const same = await this.#step(named("control"), () =>
      this.#train(`c${round}`, "control", round, {
        mixture: this.#places.mixture(0),
        parent: control,
        length: { steps: candidate.steps },
      }),
    );
    const judged = await this.#step(named("trials"), () => this.#judge(release, candidate, same));
    const secondsOf = (what: string): number =>
      this.#journal.steps.find(({ name }) => name === named(what))?.seconds ?? 0;
    return {
      round,
      champion: release.name,
      fleet,
      selection,
      candidate,
      control: same,
      judged,
      cost: {
        fleetSec: secondsOf("fleet"),
        selectSec: secondsOf("select"),
        trainSec: secondsOf("train"),
        controlSec: secondsOf("control"),
        trialsSec: secondsOf("trials"),
      },
    };
  }

  /** Experts and play on every task, each into a dataset of its own, so that a stopped one knows what is missing. */
  async #record(): Promise<RecordedStart> {
    const { tasks, expertEpisodes, playEpisodes, expertSec, playSec, body, cameras, seed } = this.#settings;
    const datasets: string[] = [];
    let [episodes, frames] = [0, 0];
    for (const [i, task] of tasks.entries()) {
      for (const [operator, count, timeLimitSec] of [
        ["expert", expertEpisodes, expertSec],
        ["play", playEpisodes, playSec],
      ] as const) {
        if (count === 0) continue;
        const to = this.#places.start(task, operator);
        // Operators of one task in homes of their own; seeds are hashed, so neighbours share nothing.
        const own = 1000 * seed + 2 * i + (operator === "expert" ? 0 : 1);
        await this.#options.parts.record({
          task,
          operator,
          episodes: count,
          seed: own,
          body,
          cameras,
          timeLimitSec,
          to,
          ...this.#signal(),
        });
        datasets.push(to);
        const dataset = await openDataset(to);
        episodes += dataset.episodes.length;
        frames += dataset.numFrames;
      }
    }
    return { datasets, episodes, frames };
  }

  async #train(
    name: string,
    role: ReleaseRole,
    round: number,
    how: { mixture: string; parent: Trained | null; length: TrainLength },
  ): Promise<Trained> {
    const { config } = this.#settings;
    const { parts } = this.#options;
    const run = this.#places.release(name);
    const { mixture, parent, length } = how;
    // Candidate and control of a round draw the same numbers: only the data differ.
    const seed = this.#settings.seed + 1000 * round;
    const { steps, seconds } = await parts.train({
      config,
      out: run,
      mixture,
      from: parent?.run ?? null,
      seed,
      length,
      ...this.#signal(),
    });
    const { describePolicy } = await loadPolicyModule(parts.policyModule);
    const { id } = await registerRelease({
      run,
      root: this.#places.root,
      role,
      round,
      parents: parent === null ? [] : [parent.id],
      sources: (await readMixture(mixture)).sources,
      fingerprint: describePolicy(this.#policyOf({ run })).fingerprint,
      config,
      seed,
      steps,
      trainingSec: seconds,
    });
    return { name, id, run, steps, trainingSec: seconds };
  }

  #deploy(round: number, release: Trained): ReturnType<typeof runFleet> {
    const { tasks, fleetEpisodes, seed, homes, robots, answerSec, ...limits } = this.#settings;
    const { parts, onNote, onFleet } = this.#options;
    const orders = Array.from({ length: fleetEpisodes * tasks.length }, (_, index) => ({
      index,
      task: tasks[index % tasks.length] as string,
      seed: homeSeed(seed, round, index),
    }));
    return runFleet({
      policyModule: parts.policyModule,
      policy: this.#policyOf(release),
      operator: release.id,
      split: homes,
      round,
      episodeSec: limits.fleetSec ?? limits.episodeSec,
      takeover: limits.takeoverSec === null ? null : { policy: parts.operator, sec: limits.takeoverSec },
      minRows: parts.minFrames(this.#settings.config),
      orders,
      robots,
      answerSec,
      to: this.#places.fleet(round),
      log: this.#places.fleetLog(round),
      ...(onNote === undefined ? {} : { onNote }),
      ...(onFleet === undefined ? {} : { onProgress: onFleet }),
      ...this.#signal(),
    });
  }

  async #judgeFirst(base: Trained): Promise<Pick<FlywheelResult, "baseStanding" | "references">> {
    const { references } = this.#options.parts;
    const policy = this.#policyOf(base);
    const records = await this.#tryOut([...references, policy]);
    const standing = (release: string, own: string): Standing =>
      standingOf(
        release,
        records.filter((record) => record.policy === own),
      );
    return {
      baseStanding: standing("r0", policy),
      references: references.map((name) => standing(name, name)),
    };
  }

  async #judge(champion: Trained, candidate: Trained, control: Trained): Promise<Judged> {
    const records = await this.#tryOut([champion, candidate, control].map((one) => this.#policyOf(one)));
    const of = (release: Trained): TrialRecord[] =>
      records.filter((record) => record.policy === this.#policyOf(release));
    const [own, before, same] = [of(candidate), of(champion), of(control)];
    return {
      champion: standingOf(champion.name, before),
      candidate: standingOf(candidate.name, own),
      control: standingOf(control.name, same),
      verdict: judge(own, before, this.#settings.margin),
      controlBeyondChampion: pairedSuccess(pairTrials(same, before)),
      beyondControl: pairedSuccess(pairTrials(own, same)),
    };
  }

  /** The same trials for every release of every round; those that were tried before are not tried again. */
  #tryOut(policies: readonly string[]): Promise<readonly TrialRecord[]> {
    const { tasks, homes, trials, seed, robots, episodeSec, answerSec } = this.#settings;
    const { parts, onNote, onTrials } = this.#options;
    return runControl({
      policies: [...new Set(policies)],
      tasks,
      splits: [homes],
      trials,
      seed,
      workers: robots,
      answerSec,
      out: this.#places.trials,
      policyModule: parts.policyModule,
      ...(episodeSec === null ? {} : { timeLimitSec: episodeSec }),
      ...(onNote === undefined ? {} : { onNote }),
      ...(onTrials === undefined ? {} : { onProgress: onTrials }),
      ...this.#signal(),
    });
  }

  /** As the module of policies reads it. */
  #policyOf({ run }: Pick<Trained, "run">): string {
    return this.#options.parts.policyOf(run, this.#settings);
  }

  #step<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.#options.signal?.aborted)
      throw new AbortedError(
        `flywheel: stopped before "${name}"; what was finished is kept. Add --resume to go on.`,
      );
    if (!this.#journal.isDone(name)) this.#options.onStage?.(name);
    return this.#journal.step(name, work);
  }

  #signal(): { readonly signal?: AbortSignal } {
    const { signal } = this.#options;
    return signal === undefined ? {} : { signal };
  }
}
