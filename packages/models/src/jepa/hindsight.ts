/**
 * What a body felt when what was asked for was done: of every episode that came to it, in play by chance, the last state
 * of its first success; the first one is just over the edge. Or, for tasks of several movements, what it felt where it came
 * to rest on the way there, one rest after the other (rests.ts). Words and picture are asked to tell it (`GoalHead`), which
 * says where the named thing is far more directly than rewards do: from these alone the reader learnt nothing that held
 * for other scenes (docs/experiments.md).
 *
 * Source: relabelling with what was reached, Andrychowicz et al. 2017, arXiv:1707.01495; here it teaches no policy.
 *
 * Shapes: P state width.
 */
import type { ClipEpisode, EpisodeColumns } from "@orrery/data";
import type { Moments } from "../nets/normalizer.ts";
import { changeScale } from "./changes.ts";
import type { GoalKind } from "./config.ts";
import { restsOf } from "./rests.ts";
import { shownIn } from "./takeovers.ts";

/** From a moment at which it is asked what comes next to where that was reached. */
export interface Stage {
  /** Rows of the recording, counted from its first one. */
  readonly from: number;
  readonly to: number;
  /** What was felt at the beginning and at the end, [P]. */
  readonly start: Float32Array;
  readonly goal: Float32Array;
}

/** Of a stage's rows, from which share on and up to which one is taken that is on its way. */
const ON_THE_WAY = { from: 0.1, to: 0.6 };
/** A stage of fewer rows has no middle. */
const LEAST_ROWS = 4;
/** Multiples of it fill an interval evenly, however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

export class Hindsight {
  readonly #stagesOf = new Map<number, readonly Stage[]>();
  readonly #waysOf = new Map<number, readonly Stage[]>();
  readonly #shownFrom = new Map<number, number>();
  /** Mean and deviation of all goals, by number; null where there are none. */
  readonly moments: Moments | null;

  /**
   * @param episodes all that a loader draws from
   * @param counts whether a number of the state has a say in where a body rests, [P]; all of them where left out
   */
  constructor(episodes: readonly ClipEpisode[], kind: GoalKind = "end", counts?: readonly boolean[]) {
    const changes = kind === "end" ? null : changeScale(episodes, 1);
    const scale = changes?.map((each, i) => (counts?.[i] === false ? 0 : each)) ?? null;
    const shownOf = shownIn(episodes);
    const goals: Float32Array[] = [];
    let numWays = 0;
    for (const spans of spansById(episodes)) {
      const done = spans.find(({ columns }) => hasFelt(columns, doneRow(columns)));
      const first = spans[0];
      if (done === undefined || first === undefined) continue;
      const end = doneRow(done.columns) as number;
      const shown = shownOf(done);
      // Where a fleet's planner rested says nothing of how it is done.
      const begin = Math.max(0, Math.min(end, shown.from - done.from));
      const { start, rows } =
        scale === null ? { start: 0, rows: [end] } : restsOf(done.columns, scale, { begin, end });
      const rests = rows.map((row) => done.from + row).filter((row) => scale === null || row > shown.from);
      const starts = [first.from, ...(shown.takeover === null ? [] : [shown.takeover])];
      const stages = pairsOf(starts, rests).flatMap(([from, to]) => {
        const goal = stateAt(spans, to);
        if (goal === null) return [];
        return [{ from, to, start: stateAt(spans, from) ?? new Float32Array(goal.length), goal }];
      });
      if (stages.length === 0) continue;
      this.#stagesOf.set(done.id, stages);
      const shownStages = scale === null ? [] : stages.filter(({ from }) => from >= shown.from);
      const ways = shownStages.flatMap(({ from, to, goal }) => {
        const share = ON_THE_WAY.from + (ON_THE_WAY.to - ON_THE_WAY.from) * ((numWays * GOLDEN) % 1);
        const row = from + Math.round(share * (to - from));
        const state = stateAt(spans, row);
        if (to - from < LEAST_ROWS || state === null) return [];
        numWays++;
        return [{ from: row, to, start: state, goal }];
      });
      this.#waysOf.set(done.id, ways);
      this.#shownFrom.set(done.id, Math.max(shown.from, done.from + start));
      goals.push(...new Map(stages.map(({ to, goal }) => [to, goal])).values());
    }
    this.moments = momentsOf(goals);
  }

  /** Of an episode, by its id, in order; none where nothing was done. */
  stagesOf(id: number): readonly Stage[] {
    return this.#stagesOf.get(id) ?? [];
  }

  /**
   * Of an episode, by its id: a moment of each stage in which most of the way was still to be gone. Who is stopped there is
   * to be told to go on, and whoever learnt from rests alone takes it for one (docs/experiments.md).
   */
  waysOf(id: number): readonly Stage[] {
    return this.#waysOf.get(id) ?? [];
  }

  /** Row of the recording from which an episode shows the way to its goals; Infinity where it does not. */
  shownFrom(id: number): number {
    return this.#shownFrom.get(id) ?? Infinity;
  }

  /** What an episode is on its way to in row `row` of the recording; null where it is done, or never was. */
  nextGoal(id: number, row: number): Float32Array | null {
    return this.stagesOf(id).find(({ to }) => to > row)?.goal ?? null;
  }
}

/** Spans of one episode in the order of their rows. */
function spansById(episodes: readonly ClipEpisode[]): Iterable<readonly ClipEpisode[]> {
  const byId = new Map<number, ClipEpisode[]>();
  for (const episode of episodes) {
    const known = byId.get(episode.id);
    if (known === undefined) byId.set(episode.id, [episode]);
    else known.push(episode);
  }
  return [...byId.values()].map((spans) => spans.toSorted((a, b) => a.from - b.from));
}

/** What was felt in a row of the recording, a copy [P]; null where nothing was, or no span holds it. */
function stateAt(spans: readonly ClipEpisode[], row: number): Float32Array | null {
  const span = spans.find(({ from, length }) => row >= from && row < from + length);
  const { state } = span?.columns ?? { state: null };
  if (span === undefined || state === null || !hasFelt(span.columns, row - span.from)) return null;
  const P = state.length / span.length;
  return state.slice((row - span.from) * P, (row - span.from + 1) * P);
}

function hasFelt({ state, stateMask }: EpisodeColumns, row: number | null): boolean {
  return row !== null && state !== null && stateMask[row] === 1;
}

/** From every start to the first rest, which is what all of them led to, and from each rest to the next one. */
function pairsOf(
  starts: readonly number[],
  rests: readonly number[],
): (readonly [from: number, to: number])[] {
  const [first] = rests;
  if (first === undefined) return [];
  return [
    ...starts.filter((from) => from < first).map((from) => [from, first] as const),
    ...rests.slice(1).map((to, i) => [rests[i] as number, to] as const),
  ];
}

/** The last row of the first success; null where there is none. */
export function doneRow({ success, length }: EpisodeColumns): number | null {
  if (success === null) return null;
  const done = success.indexOf(1);
  if (done < 0) return null;
  // The success of row t belongs to the step that leads to row t + 1: the run ends where the next 0 stands.
  const over = success.indexOf(0, done);
  return over < 0 ? length - 1 : over;
}

function momentsOf(goals: readonly Float32Array[]): Moments | null {
  if (goals.length === 0) return null;
  const width = goals.reduce((widest, { length }) => Math.max(widest, length), 0);
  const over = (of: (goal: Float32Array, i: number) => number): Float32Array =>
    Float32Array.from(
      { length: width },
      (_, i) => goals.reduce((sum, goal) => sum + of(goal, i), 0) / goals.length,
    );
  const mean = over((goal, i) => goal[i] ?? 0);
  const variance = over((goal, i) => ((goal[i] ?? 0) - (mean[i] as number)) ** 2);
  return { mean, std: variance.map(Math.sqrt) };
}
