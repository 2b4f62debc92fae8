/**
 * A fleet at work: robots act in homes they have never seen, and everything is recorded, failures included. Each
 * episode is on disk for good once it has ended; at the end all are put into one dataset, in the order of the homes, so
 * that it does not depend on how many robots there were, which were lost, or how often the fleet was stopped.
 */
import { AbortedError, OrreryError } from "@orrery/core";
import { OrderedProcess, workThrough, type ProcessLost } from "@orrery/core/node";
import { openDataset, openDatasetWriter } from "@orrery/data";
import { NO_DECISION } from "@orrery/eval/control";
import { FleetLog, type FleetNote } from "./log.ts";
import type { FleetAnswer, FleetOrder, RobotSetup } from "./messages.ts";

const CHILD = new URL("./robot.child.ts", import.meta.url);
/** So often a robot is sent to a home; then the home is given up, and counted. */
const ATTEMPTS = 2;

export interface FleetOptions extends Omit<RobotSetup, "recordingFolder"> {
  readonly orders: readonly FleetOrder[];
  /** Processes at once. */
  readonly robots: number;
  /** A robot that has not finished an episode after so long is started anew. */
  readonly answerSec: number;
  /** Dataset to make. */
  readonly to: string;
  /** Folder of notes and of episodes not yet in the dataset; on the same disk as `to`. */
  readonly log: string;
  readonly onProgress?: (done: number, of: number, successes: number) => void;
  readonly onNote?: (note: string) => void;
  /** Stops at once; episodes under way are lost, finished ones kept. */
  readonly signal?: AbortSignal;
}

export interface FleetSummary {
  readonly homes: number;
  readonly episodes: number;
  readonly frames: number;
  /** Without help. */
  readonly successes: number;
  /** Episodes that an operator took over, how many of them then succeeded, and the frames that took. */
  readonly takeovers: { readonly episodes: number; readonly successes: number; readonly frames: number };
  /** How often each kind of failure came up. */
  readonly failures: Readonly<Record<string, number>>;
  /** Robots started anew, by why. */
  readonly restarts: { readonly died: number; readonly silent: number };
  /** Homes without an episode, with the reason. */
  readonly lost: readonly { readonly home: number; readonly reason: string }[];
}

/**
 * @throws {UsageError} as the policy throws it (another body, an unknown task)
 * @throws {OrreryError} if no home gave an episode, or a robot fails for another reason than being lost
 * @throws {AbortedError} when `signal` fired
 */
export async function runFleet(options: FleetOptions): Promise<FleetSummary> {
  const log = new FleetLog(options.log);
  await new Fleet(options, log).finish();
  await assemble(options, log);
  return summaryOf(log.notes);
}

/** One call of `runFleet` under way. */
class Fleet {
  readonly #options: FleetOptions;
  readonly #log: FleetLog;
  readonly #losses = new Map<FleetOrder, { died: number; silent: number }>();

  constructor(options: FleetOptions, log: FleetLog) {
    this.#options = options;
    this.#log = log;
  }

  async finish(): Promise<void> {
    const { signal, robots, orders, answerSec } = this.#options;
    this.#report();
    await workThrough({
      jobs: orders.filter(({ index }) => !this.#log.has(index)),
      workers: robots,
      start: () => this.#start(),
      orderOf: (order) => order,
      onAnswer: (order, answer) => this.#keep(order, answer),
      onLost: (order, loss) => this.#lose(order, loss),
      answerSec,
      signal,
    });
    if (signal?.aborted) {
      throw new AbortedError(
        `flywheel: the fleet was stopped after ${this.#log.notes.length} of ${orders.length} homes, which are kept. Add --resume to go on.`,
      );
    }
  }

  #start(): OrderedProcess<FleetOrder, FleetAnswer> {
    const { policyModule, policy, operator, split, round, episodeSec, takeover, minRows } = this.#options;
    const { recordingFolder } = this.#log;
    const own = { policyModule, policy, operator, split, round, episodeSec, takeover, minRows };
    const setup: RobotSetup = { ...own, recordingFolder };
    return new OrderedProcess(CHILD, "fleet: a robot", setup);
  }

  #keep(order: FleetOrder, { recorded, outcome, embodiment }: FleetAnswer): void {
    this.#log.keepEmbodiment(embodiment);
    const losses = this.#lossesOf(order);
    if (outcome.noDecision !== undefined)
      this.#options.onNote?.(
        `fleet: in home ${order.index} (${order.task}) the policy found no action after ${outcome.takeover?.row ?? outcome.steps} steps. ${outcome.noDecision}`,
      );
    // Nothing was lived through, so nothing came back.
    if (recorded === null) this.#log.add({ ...order, outcome: null, recorded, lost: NO_DECISION, ...losses });
    else this.#log.add({ ...order, outcome, recorded, lost: null, ...losses });
    this.#report();
  }

  /** @returns whether another robot is to go there */
  #lose(order: FleetOrder, loss: ProcessLost): boolean {
    const before = this.#lossesOf(order);
    const losses = { ...before, [loss.reason]: before[loss.reason] + 1 };
    this.#losses.set(order, losses);
    const isGivenUp = losses.died + losses.silent >= ATTEMPTS;
    const next = isGivenUp ? "It is given up." : "Another robot is sent there.";
    this.#options.onNote?.(`${loss.message} It was in home ${order.index} (${order.task}). ${next}`);
    if (!isGivenUp) return true;
    const lost = loss.reason === "silent" ? "robots stopped answering" : "robots died";
    this.#log.add({ ...order, outcome: null, recorded: null, lost, ...losses });
    this.#report();
    return false;
  }

  #lossesOf(order: FleetOrder): { died: number; silent: number } {
    return this.#losses.get(order) ?? { died: 0, silent: 0 };
  }

  #report(): void {
    const { notes } = this.#log;
    const successes = notes.filter(({ outcome }) => outcome?.success).length;
    this.#options.onProgress?.(notes.length, this.#options.orders.length, successes);
  }
}

/** Puts what waits into the dataset; what a stopped run had put there already is left alone. */
async function assemble({ to }: FleetOptions, log: FleetLog): Promise<void> {
  const { embodiment } = log;
  if (embodiment === null || log.notes.every(({ recorded }) => recorded === null)) {
    throw new OrreryError(
      "flywheel: the fleet brought back no episode: every home was given up. See the notes above.",
    );
  }
  if (log.notes.every((note) => log.waiting(note) === null)) {
    await openDataset(to); // says what is wrong where somebody deleted it
    return;
  }
  const writer = await openDatasetWriter(to, { embodiment, licence: "Apache-2.0" });
  try {
    for (const note of log.notes) {
      const recorded = log.waiting(note);
      if (recorded !== null) writer.append(recorded);
    }
  } finally {
    writer.close();
  }
  log.clearRecordings();
}

function summaryOf(notes: readonly FleetNote[]): FleetSummary {
  const failures: Record<string, number> = {};
  for (const { outcome } of notes) {
    const failure = outcome?.failure ?? null;
    if (failure !== null) failures[failure] = (failures[failure] ?? 0) + 1;
  }
  const sum = (of: (note: FleetNote) => number): number => notes.reduce((total, note) => total + of(note), 0);
  return {
    homes: notes.length,
    episodes: sum(({ outcome }) => (outcome === null ? 0 : 1)),
    frames: sum(({ outcome }) => outcome?.steps ?? 0),
    successes: sum(({ outcome }) => (outcome?.success ? 1 : 0)),
    takeovers: {
      episodes: sum(({ outcome }) => (outcome?.takeover ? 1 : 0)),
      successes: sum(({ outcome }) => (outcome?.takeover?.success ? 1 : 0)),
      frames: sum(({ outcome }) => (outcome?.takeover ? outcome.steps - outcome.takeover.row : 0)),
    },
    failures,
    restarts: { died: sum(({ died }) => died), silent: sum(({ silent }) => silent) },
    lost: notes.flatMap(({ index, lost }) => (lost === null ? [] : [{ home: index, reason: lost }])),
  };
}
