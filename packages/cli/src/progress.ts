/**
 * Progress on stderr: what, how far, at what rate, how long still. One line that is rewritten on a terminal,
 * a plain line every few seconds anywhere else.
 */
import { formatDuration, formatNumber } from "./format.ts";

export interface ProgressOptions {
  readonly stream?: Pick<NodeJS.WriteStream, "write"> & {
    readonly isTTY?: boolean;
    readonly columns?: number;
  };
  /** Milliseconds on any steady clock. */
  readonly now?: () => number;
}

/** How far one piece of work is. */
export interface ProgressState {
  readonly what: string;
  readonly done: number;
  /** Absent where the end is not known. */
  readonly total?: number | undefined;
  /** What is counted, in the plural: "frames", "steps". */
  readonly unit: string;
  /** Anything worth a glance: "loss 0.123". */
  readonly note?: string | undefined;
}

const TERMINAL_INTERVAL_MS = 100;
const PLAIN_INTERVAL_MS = 5000;
/** The rate is that of the last seconds, so that it follows a change of pace and of phase. */
const RATE_WINDOW_MS = 20_000;

export class Progress {
  readonly #stream: NonNullable<ProgressOptions["stream"]>;
  readonly #now: () => number;
  #samples: { readonly atMs: number; readonly done: number }[] = [];
  #state: ProgressState | undefined;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #drawn = "";

  constructor(options: ProgressOptions = {}) {
    this.#stream = options.stream ?? process.stderr;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Says how far the work is; cheap enough for every step. A new `what` begins a new line. */
  update(state: ProgressState): void {
    const atMs = this.#now();
    if (state.what !== this.#state?.what) {
      this.end();
      this.#samples = [{ atMs, done: state.done }];
    }
    this.#state = state;
    this.#samples.push({ atMs, done: state.done });
    while (this.#samples.length > 2 && (this.#samples[1]?.atMs ?? atMs) < atMs - RATE_WINDOW_MS)
      this.#samples.shift();
    const interval = this.#stream.isTTY ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS;
    if (atMs - this.#drawnAtMs >= interval) this.#draw(atMs);
  }

  /** Ends the current line in its last state. Safe to call twice. */
  end(): void {
    if (!this.#state) return;
    if (formatProgress(this.#state, this.#rate()) !== this.#drawn) this.#draw(this.#now());
    if (this.#stream.isTTY) this.#stream.write("\n");
    this.#state = undefined;
    this.#drawn = "";
    this.#drawnAtMs = Number.NEGATIVE_INFINITY;
  }

  #rate(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.atMs <= first.atMs) return Number.NaN;
    return ((last.done - first.done) / (last.atMs - first.atMs)) * 1000;
  }

  #draw(atMs: number): void {
    if (!this.#state) return;
    const line = formatProgress(this.#state, this.#rate());
    this.#drawnAtMs = atMs;
    this.#drawn = line;
    // \x1b[K clears what a longer line has left behind.
    if (this.#stream.isTTY) this.#stream.write(`\r${line.slice(0, (this.#stream.columns ?? 80) - 1)}\x1b[K`);
    else this.#stream.write(`${line}\n`);
  }
}

/** One line; `ratePerSec` may be NaN while it is not known. */
export function formatProgress(state: ProgressState, ratePerSec: number): string {
  const { what, done, total, unit, note } = state;
  const parts = [what];
  if (total !== undefined && total > 0) {
    const share = Math.min(1, done / total);
    parts.push(
      `${bar(share)} ${Math.floor(share * 100)}%`,
      `${formatNumber(done)}/${formatNumber(total)} ${unit}`,
    );
  } else parts.push(`${formatNumber(done)} ${unit}`);
  if (ratePerSec > 0) {
    parts.push(`${formatNumber(ratePerSec)}/s`);
    if (total !== undefined && done < total)
      parts.push(`${formatDuration((total - done) / ratePerSec)} left`);
  }
  if (note) parts.push(note);
  return parts.join("  ");
}

function bar(share: number, width = 20): string {
  const full = Math.round(share * width);
  return `[${"#".repeat(full)}${"-".repeat(width - full)}]`;
}
