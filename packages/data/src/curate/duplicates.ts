/**
 * Near-duplicates: the same moment recorded twice, whatever the encoding, size, rate, or cut at the ends.
 *
 * Looking alike is not enough, since a robot's cameras see one table all day. A pair is a duplicate when its pictures
 * hash alike over a stretch of time and its course of change (how much moves, when) agrees as well. The course is
 * compared at 5 Hz, from the running sum of the activity of each frame, so the two rates need not be the same.
 */
import type { CurationConfig } from "./config.ts";
import type { HashedFrame } from "./frame-meter.ts";
import { HashIndex } from "./hash-index.ts";
import type { MeasuredCamera } from "./measures.ts";
import { hammingDistance } from "./perceptual-hash.ts";
import { runsOf } from "./spans.ts";

/** What is remembered of a camera in an episode: some 20 bytes a frame at 10 frames/s. */
export interface Signature {
  /** For messages: "episode 12" or "episode 3 of kitchen". */
  readonly name: string;
  readonly fps: number;
  readonly frames: number;
  readonly hashes: readonly HashedFrame[];
  /** [frames + 1]: activity summed up to each frame. */
  readonly course: Float64Array;
}

export interface Duplicate {
  readonly original: Signature;
  /** Frames of the new episode. */
  readonly from: number;
  readonly to: number;
  /** Of the two courses of change; 1 for a still stretch, where only the pictures speak. */
  readonly correlation: number;
  /** Mean bits between the hashes. */
  readonly bits: number;
  /** Seconds by which the moment stands earlier in the original. */
  readonly lagSec: number;
}

const COURSE_HZ = 5;
/** Candidates looked at closely per camera, the most promising first. */
const MAX_CANDIDATES = 24;
/** Mean change in grey levels per fifth of a second below which a stretch counts as still. */
const STILL_COURSE = 0.25;
/** Mean bits allowed for still stretches, where there is no course to compare. */
const STILL_BITS = 3;

export function signatureOf(name: string, { frames, facts, hashes }: MeasuredCamera, fps: number): Signature {
  const course = new Float64Array(facts.frames + 1);
  for (let t = 0; t < facts.frames; t++)
    course[t + 1] = (course[t] as number) + (frames.activity[t] as number);
  return { name, fps, frames: facts.frames, hashes, course };
}

/** Remembers episodes and recognises their moments in later ones. */
export class DuplicateFinder {
  readonly #config: CurationConfig["duplicate"];
  readonly #index = new HashIndex<{ signature: Signature; sec: number; crop: number }>();

  constructor(config: CurationConfig["duplicate"]) {
    this.#config = config;
  }

  /** Hashes that could not be remembered, because too many pictures look the same. */
  get crowded(): number {
    return this.#index.crowded;
  }

  add(signature: Signature): void {
    for (const { frame, hashes } of signature.hashes) {
      hashes.forEach((hash, crop) => this.#index.add(hash, { signature, sec: frame / signature.fps, crop }));
    }
  }

  /** The stretches of `signature` that are in episodes added before; the longest per original. */
  find(signature: Signature): Duplicate[] {
    const found: Duplicate[] = [];
    const done = new Set<Signature>();
    for (const { original, crops, lagSec } of this.#candidates(signature)) {
      if (done.has(original)) continue;
      const duplicate = this.#verify(signature, original, crops, lagSec);
      if (!duplicate) continue;
      found.push(duplicate);
      done.add(original);
    }
    return found;
  }

  /** Originals, crops and lags for which many pictures hash alike. */
  #candidates(
    signature: Signature,
  ): { original: Signature; crops: readonly [number, number]; lagSec: number }[] {
    const votes = new Map<
      string,
      { original: Signature; crops: readonly [number, number]; lagSec: number; count: number }
    >();
    const ids = new Map<Signature, number>();
    for (const { frame, hashes } of signature.hashes) {
      const sec = frame / signature.fps;
      hashes.forEach((hash, crop) => {
        this.#index.near(hash, this.#config.maxBits, (other) => {
          if (crop !== 0 && other.crop !== 0) return; // two crops of one picture match by their whole pictures too
          const lagSec = Math.round(4 * (sec - other.sec)) / 4;
          const id = ids.get(other.signature) ?? ids.size;
          ids.set(other.signature, id);
          const key = `${id}/${crop}/${other.crop}/${lagSec}`;
          const vote = votes.get(key) ?? {
            original: other.signature,
            crops: [crop, other.crop] as const,
            lagSec,
            count: 0,
          };
          vote.count++;
          votes.set(key, vote);
        });
      });
    }
    const enough = Math.max(2, Math.floor(this.#config.minSec));
    return [...votes.values()]
      .filter(({ count }) => count >= enough)
      .sort((a, b) => b.count - a.count)
      .slice(0, MAX_CANDIDATES);
  }

  #verify(
    signature: Signature,
    original: Signature,
    crops: readonly [number, number],
    nearLagSec: number,
  ): Duplicate | undefined {
    const { correlation: enough } = this.#config;
    const first = this.#stretch(signature, original, crops, nearLagSec);
    if (!first) return undefined;
    let best = { lagSec: nearLagSec, r: -1 };
    for (let step = -10; step <= 10; step++) {
      const lagSec = nearLagSec + step / 20;
      const r = courseCorrelation(signature, original, first.fromSec, first.toSec, lagSec);
      if (r > best.r) best = { lagSec, r };
    }
    const isStill =
      meanCourse(signature, first) < STILL_COURSE &&
      meanCourse(original, shift(first, best.lagSec)) < STILL_COURSE;
    if (isStill ? first.bits > STILL_BITS : best.r < enough) return undefined;
    // With the exact lag, the stretch can be told to within a sample.
    const stretch = isStill ? first : this.#stretch(signature, original, crops, best.lagSec);
    if (!stretch) return undefined;
    return {
      original,
      from: Math.round(stretch.fromSec * signature.fps),
      to: Math.min(signature.frames, Math.round(stretch.toSec * signature.fps)),
      correlation: isStill ? 1 : best.r,
      bits: stretch.bits,
      lagSec: best.lagSec,
    };
  }

  /** The longest stretch over which the pictures hash alike at a lag. */
  #stretch(
    signature: Signature,
    original: Signature,
    [crop, otherCrop]: readonly [number, number],
    lagSec: number,
  ): Stretch | undefined {
    const step = sampleStepSec(signature);
    const distances: number[] = [];
    let next = 0;
    for (const { frame, hashes } of signature.hashes) {
      const sec = frame / signature.fps - lagSec;
      while (
        next + 1 < original.hashes.length &&
        distanceTo(original, next + 1, sec) <= distanceTo(original, next, sec)
      )
        next++;
      const other = original.hashes[next];
      const isThere = other !== undefined && distanceTo(original, next, sec) <= sampleStepSec(original);
      const [a, b] = [hashes[crop], other?.hashes[otherCrop]];
      distances.push(isThere && a && b ? hammingDistance(a, b) : Infinity);
    }
    // Samples that fall between two of the original's are up to an eighth of a second off: a little more is allowed.
    const allowed = this.#config.maxBits + 4;
    const runs = runsOf(distances.length, (i) => (distances[i] as number) <= allowed, 2);
    let best: Stretch | undefined;
    for (const { from, to } of runs) {
      const [a, b] = [signature.hashes[from], signature.hashes[to - 1]];
      if (!a || !b) continue;
      const fromSec = a.frame / signature.fps;
      // The last sample stands for the frames up to the next one, or to the end.
      const toSec = Math.min(b.frame / signature.fps + step, signature.frames / signature.fps);
      if (best && toSec - fromSec <= best.toSec - best.fromSec) continue;
      const held = distances.slice(from, to).filter(Number.isFinite);
      best = { fromSec, toSec, bits: held.reduce((sum, d) => sum + d, 0) / held.length };
    }
    if (!best || best.toSec - best.fromSec < this.#config.minSec || best.bits > this.#config.meanBits)
      return undefined;
    return best;
  }
}

interface Stretch {
  readonly fromSec: number;
  readonly toSec: number;
  readonly bits: number;
}

function shift({ fromSec, toSec, bits }: Stretch, lagSec: number): Stretch {
  return { fromSec: fromSec - lagSec, toSec: toSec - lagSec, bits };
}

function distanceTo({ hashes, fps }: Signature, at: number, sec: number): number {
  return Math.abs((hashes[at]?.frame ?? Infinity) / fps - sec);
}

function sampleStepSec({ hashes, fps }: Signature): number {
  const [a, b] = hashes;
  return a && b ? Math.min(1, (b.frame - a.frame) / fps) : 0.25;
}

/** Change summed up to a moment, linear between frames. */
function courseAt({ course, fps }: Signature, sec: number): number {
  const at = Math.max(0, Math.min(course.length - 1, sec * fps + 1));
  const low = course[Math.floor(at)] as number;
  const high = course[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}

function meanCourse(signature: Signature, { fromSec, toSec }: Stretch): number {
  return (
    (courseAt(signature, toSec) - courseAt(signature, fromSec)) / Math.max(1, (toSec - fromSec) * COURSE_HZ)
  );
}

/** Pearson's r of the logarithms of change per fifth of a second, so that one cut does not outweigh everything. */
function courseCorrelation(
  a: Signature,
  b: Signature,
  fromSec: number,
  toSec: number,
  lagSec: number,
): number {
  let [n, sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0, 0];
  const step = 1 / COURSE_HZ;
  for (let sec = fromSec; sec + step <= toSec + 1e-9; sec += step) {
    const [start, end] = [sec - lagSec, sec + step - lagSec];
    if (start < 0 || end > b.frames / b.fps) continue;
    const x = Math.log1p(courseAt(a, sec + step) - courseAt(a, sec));
    const y = Math.log1p(courseAt(b, end) - courseAt(b, start));
    n++;
    sa += x;
    sb += y;
    saa += x * x;
    sbb += y * y;
    sab += x * y;
  }
  if (n < 5) return -1;
  const spread = Math.sqrt((saa - (sa * sa) / n) * (sbb - (sb * sb) / n));
  return spread > 1e-9 ? (sab - (sa * sb) / n) / spread : -1;
}
