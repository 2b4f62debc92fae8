/**
 * What a body felt when what was asked for was done: of every episode that came to it, in play by chance, the last state
 * of its first success; the first one is just over the edge. Words and picture are asked to tell it (`GoalHead`), which
 * says where the named thing is far more directly than rewards do: from these alone the reader learnt nothing that held
 * for other scenes (docs/experiments.md).
 *
 * Source: relabelling with what was reached, Andrychowicz et al. 2017, arXiv:1707.01495; here it teaches no policy.
 *
 * Shapes: P state width.
 */
import type { ClipEpisode, EpisodeColumns } from "@orrery/data";
import type { Moments } from "../nets/normalizer.ts";

export class Hindsight {
  readonly #stateOf = new Map<number, Float32Array>();
  /** Mean and deviation of all goals, by number; null where there are none. */
  readonly moments: Moments | null;

  /** @param episodes all that a loader draws from */
  constructor(episodes: readonly ClipEpisode[]) {
    for (const { id, columns } of episodes) {
      const row = doneRow(columns);
      const { state, stateMask, length } = columns;
      if (row === null || state === null || stateMask[row] !== 1 || this.#stateOf.has(id)) continue;
      const P = state.length / length;
      this.#stateOf.set(id, state.slice(row * P, (row + 1) * P));
    }
    this.moments = momentsOf([...this.#stateOf.values()]);
  }

  /** Of an episode, by its id; undefined where nothing was done. */
  goalOf(id: number): Float32Array | undefined {
    return this.#stateOf.get(id);
  }
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
