/**
 * Puts topics of different rates onto one control clock while they stream past. A tick is given out as soon as every
 * linear signal has a sample after it, or `maxGapSec` of recording has gone by, so memory holds that much and no more.
 */
import type { Image } from "@orrery/core";
import type { Findings } from "../shared/findings.ts";

export interface SignalTrack {
  readonly name: string;
  readonly width: number;
  readonly interpolation: "linear" | "previous";
  /** Where unit quaternions (x y z w) begin in the value: they turn the short way round and stay of length one. */
  readonly quaternions?: readonly number[];
}

interface Sample<T> {
  readonly timeSec: number;
  readonly value: T;
}

/** One tick: a value per signal (NaN where there is none) and a picture per camera. */
export interface Tick {
  /** Number of the tick from the clock's start. */
  readonly index: number;
  readonly timeSec: number;
  readonly signals: ReadonlyMap<string, Float64Array>;
  readonly pictures: ReadonlyMap<string, Image>;
}

/** Samples of one signal around the next tick. */
class Track<T> {
  readonly samples: Sample<T>[] = [];

  /** @returns false if the sample's time is not after the one before; it is then left out */
  push(timeSec: number, value: T): boolean {
    const last = this.samples.at(-1);
    if (last && !(timeSec > last.timeSec)) return false;
    this.samples.push({ timeSec, value });
    return true;
  }

  /** Forgets samples that no later tick can need: all but the last at or before `timeSec`. */
  forget(timeSec: number): void {
    let keep = 0;
    while (keep + 1 < this.samples.length && (this.samples[keep + 1]?.timeSec ?? 0) <= timeSec) keep++;
    this.samples.splice(0, keep);
  }

  /** The last sample at or before `timeSec`. */
  before(timeSec: number): Sample<T> | undefined {
    return this.samples.findLast((sample) => sample.timeSec <= timeSec);
  }

  after(timeSec: number): Sample<T> | undefined {
    return this.samples.find((sample) => sample.timeSec >= timeSec);
  }
}

export interface ControlClockOptions {
  readonly rateHz: number;
  readonly maxGapSec: number;
  readonly signals: readonly SignalTrack[];
  readonly cameras: readonly string[];
  readonly findings: Findings;
}

/** Feed it samples in order of time; it gives ticks back. The first tick comes when every signal and camera was seen. */
export class ControlClock {
  readonly #options: ControlClockOptions;
  /** Recorded clocks are rounded (float32 seconds, ms): a sample this little after a tick counts as being on it. */
  readonly #slackSec: number;
  readonly #signals: ReadonlyMap<string, Track<Float64Array>>;
  readonly #cameras: ReadonlyMap<string, Track<Image>>;
  #startSec: number | undefined;
  #numTicks = 0;

  constructor(options: ControlClockOptions) {
    this.#options = options;
    this.#slackSec = Math.min(1e-3, 0.1 / options.rateHz);
    this.#signals = new Map(options.signals.map(({ name }) => [name, new Track<Float64Array>()]));
    this.#cameras = new Map(options.cameras.map((name) => [name, new Track<Image>()]));
  }

  /** Takes a sample; ticks that are now complete are returned. */
  *signal(name: string, timeSec: number, value: Float64Array): Generator<Tick> {
    if (this.#signals.get(name)?.push(timeSec, value) === false) this.#late(name);
    yield* this.#ready(timeSec);
  }

  *picture(name: string, timeSec: number, image: Image): Generator<Tick> {
    if (this.#cameras.get(name)?.push(timeSec, image) === false) this.#late(name);
    yield* this.#ready(timeSec);
  }

  /** The ticks that are left when the recording ends at `endSec`. */
  *end(endSec: number): Generator<Tick> {
    this.#begin();
    while (this.#startSec !== undefined && this.#nextSec() <= endSec + this.#slackSec) yield this.#tick();
  }

  #late(name: string): void {
    this.#options.findings.add(
      `${name}: samples whose time does not move forward were left out`,
      this.#numTicks,
    );
  }

  #nextSec(): number {
    return (this.#startSec ?? 0) + this.#numTicks / this.#options.rateHz;
  }

  /** The clock starts at the latest of all first samples: before that some part of the row would be missing. */
  #begin(): void {
    if (this.#startSec !== undefined) return;
    const firsts = [...this.#signals.values(), ...this.#cameras.values()].map(
      (track) => track.samples[0]?.timeSec,
    );
    if (firsts.every((first) => first !== undefined)) this.#startSec = Math.max(...firsts);
    else
      for (const track of [...this.#signals.values(), ...this.#cameras.values()])
        track.samples.splice(0, Math.max(0, track.samples.length - 1000));
  }

  *#ready(nowSec: number): Generator<Tick> {
    this.#begin();
    if (this.#startSec === undefined) return;
    for (let next = this.#nextSec(); nowSec > next + this.#slackSec; next = this.#nextSec()) {
      const isComplete = this.#options.signals.every(
        ({ name, interpolation }) => interpolation === "previous" || this.#signals.get(name)?.after(next),
      );
      if (!isComplete && nowSec <= next + this.#options.maxGapSec) return;
      yield this.#tick();
    }
  }

  #tick(): Tick {
    const timeSec = this.#nextSec();
    const { maxGapSec, findings } = this.#options;
    const signals = new Map<string, Float64Array>();
    for (const track of this.#options.signals) {
      const samples = this.#signals.get(track.name);
      const at = track.interpolation === "previous" ? timeSec + this.#slackSec : timeSec;
      signals.set(track.name, samples ? valueOf(samples, track, at, maxGapSec) : none(track.width));
      samples?.forget(timeSec);
    }
    const pictures = new Map<string, Image>();
    for (const [name, track] of this.#cameras) {
      const shown = track.before(timeSec + this.#slackSec);
      if (shown) pictures.set(name, shown.value);
      if (shown && timeSec - shown.timeSec > maxGapSec)
        findings.add(`camera ${name} stands still; its last picture is repeated`, this.#numTicks);
      track.forget(timeSec);
    }
    return { index: this.#numTicks++, timeSec, signals, pictures };
  }
}

function valueOf(
  samples: Track<Float64Array>,
  { width, interpolation, quaternions = [] }: SignalTrack,
  timeSec: number,
  maxGapSec: number,
): Float64Array {
  const before = samples.before(timeSec);
  if (!before) return none(width);
  // A command holds until the next one, however long that takes.
  if (interpolation === "previous" || before.timeSec === timeSec) return before.value;
  const after = samples.after(timeSec);
  if (!after) return timeSec - before.timeSec <= maxGapSec ? before.value : none(width);
  if (after.timeSec - before.timeSec > maxGapSec) return none(width);
  const part = (timeSec - before.timeSec) / (after.timeSec - before.timeSec);
  const out = before.value.map((a, i) => a + ((after.value[i] ?? Number.NaN) - a) * part);
  for (const at of quaternions) out.set(turn(before.value, after.value, at, part), at);
  return out;
}

/** Normalised linear interpolation: q and -q are the same rotation, so the nearer of the two is taken. */
function turn(a: Float64Array, b: Float64Array, at: number, part: number): Float64Array {
  let dot = 0;
  for (let i = at; i < at + 4; i++) dot += (a[i] ?? 0) * (b[i] ?? 0);
  const sign = dot < 0 ? -1 : 1;
  const q = Float64Array.from(
    { length: 4 },
    (_, i) => (a[at + i] ?? 0) * (1 - part) + sign * (b[at + i] ?? 0) * part,
  );
  const length = Math.hypot(...q);
  return q.map((x) => x / length);
}

function none(width: number): Float64Array {
  return new Float64Array(width).fill(Number.NaN);
}
