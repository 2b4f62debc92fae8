/**
 * Finds hashes within a few bits among very many. A hash is cut into four words of 16 bits; hashes within 7 bits share
 * at least one word up to a single bit (pigeonhole), so 4 x 17 look-ups find all of them, and most of those further off.
 */
import { hammingDistance, type Hash64 } from "./perceptual-hash.ts";

/** A bucket fuller than this is a scene that repeats all the time, and says nothing about one moment. */
const MAX_BUCKET = 512;

export class HashIndex<T> {
  readonly #buckets = new Map<number, number[]>();
  readonly #hashes: Hash64[] = [];
  readonly #items: T[] = [];
  /** Hashes that did not fit into a bucket any more; look-ups may miss them. */
  crowded = 0;

  add(hash: Hash64, item: T): void {
    const id = this.#items.length;
    this.#items.push(item);
    this.#hashes.push(hash);
    let isCrowded = false;
    for (let band = 0; band < 4; band++) {
      const key = keyOf(hash, band, 0);
      const bucket = this.#buckets.get(key);
      if (!bucket) this.#buckets.set(key, [id]);
      else if (bucket.length < MAX_BUCKET) bucket.push(id);
      else isCrowded = true;
    }
    if (isCrowded) this.crowded++;
  }

  /** Calls `found` once for each item whose hash differs in at most `maxBits`. */
  near(hash: Hash64, maxBits: number, found: (item: T) => void): void {
    const seen = new Set<number>();
    for (let band = 0; band < 4; band++) {
      for (let flip = -1; flip < 16; flip++) {
        const bucket = this.#buckets.get(keyOf(hash, band, flip < 0 ? 0 : 1 << flip));
        if (!bucket) continue;
        for (const id of bucket) {
          if (seen.has(id)) continue;
          seen.add(id);
          if (hammingDistance(hash, this.#hashes[id] as Hash64) <= maxBits) found(this.#items[id] as T);
        }
      }
    }
  }
}

function keyOf({ high, low }: Hash64, band: number, flip: number): number {
  const word = band < 2 ? high : low;
  return (band << 16) | (((band % 2 === 0 ? word : word >>> 16) & 0xffff) ^ flip);
}
