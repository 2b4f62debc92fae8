/** Checks of the bookkeeping columns, episode by episode; one problem per kind of finding, not per episode. */
import type { ColumnSet } from "../assemble.ts";
import type { Column } from "../column.ts";
import { RECORDED_CLOCK } from "../lerobot/features.ts";
import { shortList, type Problems, type Severity } from "../problems.ts";
import type { DatasetReader } from "../reader.ts";

/** LeRobot's loader accepts timestamps this far from a frame's. */
const TIMESTAMP_TOLERANCE_SEC = 1e-4;

interface Kind {
  readonly severity: Severity;
  readonly message: string;
  readonly cure: string;
}

const KINDS = {
  frameIndex: {
    severity: "warning",
    message: "frame_index must count 0, 1, 2…",
    cure: "Rows are taken in file order; check that this is the order of time.",
  },
  episodeIndex: {
    severity: "error",
    message: "episode_index must be the same in all rows and the one that the metadata says",
    cure: "Fetch the files again: rows of other episodes are mixed in.",
  },
  backwards: {
    severity: "warning",
    message: "timestamps must grow from row to row",
    cure: "Use the frame order, or leave these episodes out.",
  },
  drift: {
    severity: "note",
    message: "timestamps depart from frame_index / fps, so LeRobot's own loader would refuse them",
    cure: "Nothing here: frames and rows are matched by order. Importing keeps the clock in a column of its own.",
  },
  task: {
    severity: "warning",
    message: "task_index must be one of the listed tasks",
    cure: "Correct meta/tasks.",
  },
  length: {
    severity: "error",
    message: "the file must hold as many rows as the metadata says",
    cure: "Fetch the files again.",
  },
  missing: {
    severity: "note",
    message: "some rows have no state or no action; they are masked out",
    cure: "Nothing, if they were recorded so.",
  },
} as const satisfies Record<string, Kind>;

type KindName = keyof typeof KINDS;

export class RowChecks {
  readonly #reader: DatasetReader;
  readonly #found = new Map<KindName, number[]>();
  #worstDriftSec = 0;
  #episodes = 0;

  constructor(reader: DatasetReader) {
    this.#reader = reader;
  }

  add(set: ColumnSet): void {
    this.#episodes++;
    const { columns, episode, length } = set;
    if (length !== this.#reader.entry(episode).length) this.#note("length", episode);
    const frame = numbers(columns.get("frame_index"));
    if (frame && !frame.every((value, t) => value === t)) this.#note("frameIndex", episode);
    const index = numbers(columns.get("episode_index"));
    if (index && !index.every((value) => value === episode)) this.#note("episodeIndex", episode);
    const task = numbers(columns.get("task_index"));
    if (
      task &&
      this.#reader.tasks.length > 0 &&
      task.some((value) => this.#reader.tasks[value] === undefined)
    ) {
      this.#note("task", episode);
    }
    const clock = numbers(columns.get("timestamp"));
    if (clock) this.#checkClock(clock, episode, set.fps);
    const own = columns.get(RECORDED_CLOCK);
    const recorded = own?.mask.includes(1) ? numbers(own) : null;
    if (recorded && recorded.some((value, t) => t > 0 && value <= (recorded[t - 1] ?? 0)))
      this.#note("backwards", episode);
    for (const name of ["observation.state", "action"]) {
      const mask = columns.get(name)?.mask;
      // An episode without any action is a recording of another kind, not a gap.
      if (mask?.includes(0) && mask.includes(1)) this.#note("missing", episode);
    }
  }

  report(problems: Problems): void {
    for (const [name, episodes] of this.#found) {
      const { severity, message, cure } = KINDS[name];
      const detail = name === "drift" ? ` (by up to ${this.#worstDriftSec.toFixed(3)} s)` : "";
      const of = `in ${episodes.length} of ${this.#episodes} episodes it is not so: ${shortList(episodes)}`;
      const found =
        severity === "note"
          ? `in ${episodes.length} of ${this.#episodes} episodes: ${shortList(episodes)}`
          : of;
      problems.add(severity, "data", `${message}${detail}; ${found}.`, cure);
    }
  }

  #checkClock(clock: ArrayLike<number> & Iterable<number>, episode: number, fps: number): void {
    let drift = 0;
    let isGrowing = true;
    for (let t = 0; t < clock.length; t++) {
      const now = clock[t] ?? 0;
      drift = Math.max(drift, Math.abs(now - t / fps));
      if (t > 0 && now <= (clock[t - 1] ?? 0)) isGrowing = false;
    }
    if (!isGrowing) this.#note("backwards", episode);
    // float32 seconds are coarser than the tolerance after an hour.
    const rounding = (clock.length / fps) * 2 ** -23;
    if (drift > TIMESTAMP_TOLERANCE_SEC + rounding) {
      this.#note("drift", episode);
      this.#worstDriftSec = Math.max(this.#worstDriftSec, drift);
    }
  }

  #note(kind: KindName, episode: number): void {
    const list = this.#found.get(kind);
    if (!list) this.#found.set(kind, [episode]);
    else if (list.at(-1) !== episode) list.push(episode);
  }
}

function numbers(column: Column | undefined): Float32Array | Float64Array | Int32Array | Uint8Array | null {
  return column && !Array.isArray(column.data) ? column.data : null;
}
