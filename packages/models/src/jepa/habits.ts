/**
 * What the policy prior is learnt from: states and actions of all recordings, without their pictures. Half of the draws
 * are ways to what was asked for, of demonstrations in which that was done (of a fleet's episode, from where an operator took
 * over); half are ways to where the body was a little later,
 * whoever moved it and why.
 *
 * The first half alone goes astray as soon as it leaves the demonstrated ways; play has been everywhere (docs/experiments.md).
 *
 * Shapes: B draws, K control steps of a longest block, P state width, A action width.
 */
import type { Rng } from "@orrery/core";
import type { ClipEpisode } from "@orrery/data";
import { doneRow, type Hindsight } from "./hindsight.ts";

export interface HabitBatch {
  readonly B: number;
  readonly state: Float32Array; // [B, P]
  readonly goal: Float32Array; // [B, P]
  readonly isTold: Float32Array; // [B, P]: 1 for numbers of the goal that are told
  readonly isAsked: Float32Array; // [B]: 1 where the goal is what was asked for, and that is said
  readonly action: Float32Array; // [B, K, A]
}

export interface HabitShape {
  /** K */
  readonly block: number;
  /** Widths of the state's parts: a goal tells a part or leaves it open. */
  readonly parts: readonly number[];
  /** A */
  readonly actionWidth: number;
  /** Whether a number belongs to the parts that the task is about, [P]; null where it names none. */
  readonly task: readonly boolean[] | null;
}

/** Moments from which K actions are known, as pairs of an episode's number and a row: there are millions. */
type Places = Uint32Array;

/** How often what was asked for is told in the task's parts and no others, as it is where a planner asks for ways. */
const TASK_SHARE = 0.75;

/** Blocks ahead that a hindsight goal lies at most. */
const FURTHEST_BLOCKS = 5;

export class Habits {
  readonly #shape: HabitShape;
  readonly #episodes: readonly ClipEpisode[];
  readonly #hindsight: Hindsight;
  readonly #asked: Places;
  readonly #all: Places;
  /** 1 for numbers that the task is about, [P]. */
  readonly #task: Float32Array | null;

  /** @param episodes all that a loader draws from */
  constructor(episodes: readonly ClipEpisode[], hindsight: Hindsight, shape: HabitShape) {
    this.#shape = shape;
    this.#task = shape.task === null ? null : Float32Array.from(shape.task, Number);
    this.#hindsight = hindsight;
    this.#episodes = episodes;
    this.#all = placesOf(episodes, shape.block, () => [0, Infinity]);
    this.#asked = placesOf(episodes, shape.block, ({ id, from, columns }) => [
      Math.max(0, hindsight.shownFrom(id) - from),
      doneRow(columns) ?? 0,
    ]);
  }

  /** Whether there is anything to learn from. */
  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** Bodies with fewer numbers are filled up with zeros. */
  draw(B: number, rng: Rng): HabitBatch {
    const P = this.#shape.parts.reduce((sum, width) => sum + width, 0);
    const { block: K, actionWidth: A } = this.#shape;
    const batch = {
      B,
      state: new Float32Array(B * P),
      goal: new Float32Array(B * P),
      isTold: new Float32Array(B * P),
      isAsked: new Float32Array(B),
      action: new Float32Array(B * K * A),
    };
    for (let b = 0; b < B; b++) {
      const places = this.#asked.length > 0 && b % 2 === 0 ? this.#asked : this.#all;
      const drawn = 2 * rng.int(places.length / 2);
      const episode = this.#episodes[places[drawn] as number] as ClipEpisode;
      const row = places[drawn + 1] as number;
      const { state, action } = episode.columns as { state: Float32Array; action: Float32Array };
      const width = widthOf(state, episode);
      const at = (r: number): Float32Array => state.subarray(r * width, (r + 1) * width);
      batch.state.set(at(row), b * P);
      const asked = places === this.#asked ? this.#hindsight.nextGoal(episode.id, episode.from + row) : null;
      batch.goal.set(asked ?? at(this.#later(episode, row, rng)), b * P);
      // Not always: what play knows of ways is to be of use on those to a task too.
      batch.isAsked[b] = asked !== null && rng.chance(0.5) ? 1 : 0;
      const task = this.#task;
      const isTask = task !== null && asked !== null && rng.chance(TASK_SHARE);
      batch.isTold.set(isTask ? task : this.#drawTold(rng), b * P);
      const own = widthOf(action, episode);
      for (let k = 0; k < K; k++)
        batch.action.set(action.subarray((row + k) * own, (row + k + 1) * own), (b * K + k) * A);
    }
    return batch;
  }

  /** A row with a state, after the block's end where the episode goes on for so long. */
  #later({ columns: { length, stateMask } }: ClipEpisode, row: number, rng: Rng): number {
    const last = Math.min(length - 1, row + FURTHEST_BLOCKS * this.#shape.block);
    const to = row + 1 + rng.int(last - row);
    return stateMask[to] === 1 ? to : row;
  }

  /** One part or some of them, each as likely as not. */
  #drawTold(rng: Rng): Float32Array {
    const one = rng.int(this.#shape.parts.length);
    const isAlone = rng.chance(0.5);
    const flags = this.#shape.parts.flatMap((width, i) => {
      const isTold = i === one || (!isAlone && rng.chance(0.5));
      return Array.from({ length: width }, () => (isTold ? 1 : 0));
    });
    return Float32Array.from(flags);
  }
}

/** @param span row from which and row before which places of an episode lie */
function placesOf(
  episodes: readonly ClipEpisode[],
  block: number,
  span: (episode: ClipEpisode) => readonly [from: number, end: number],
): Places {
  const places: number[] = [];
  for (const [i, episode] of episodes.entries()) {
    const { state, stateMask, action, actionMask, length } = episode.columns;
    if (state === null || action === null) continue;
    const [from, end] = span(episode);
    for (let row = from; row < Math.min(end, length - block); row++) {
      const isKnown = actionMask.subarray(row, row + block).every((mask) => mask === 1);
      if (isKnown && stateMask[row] === 1) places.push(i, row);
    }
  }
  return Uint32Array.from(places);
}

function widthOf(column: Float32Array | null, { columns: { length } }: ClipEpisode): number {
  return (column?.length ?? 0) / length;
}
