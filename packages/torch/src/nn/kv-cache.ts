/**
 * Keys and values of the last tokens of a stream, so that each new token costs one step of attention instead of the
 * whole past again. Memory is bounded: only the last `window` tokens can be seen.
 *
 * Shapes: B batch, H key-value heads, D width of one head, S tokens.
 */
import { ShapeError, UsageError } from "@orrery/core";
import { noGrad } from "../autograd.ts";
import { empty } from "../create.ts";
import { keep, scope } from "../memory.ts";
import type { Tensor } from "../tensor.ts";

/** What attention sees after an append: `numPast` tokens before the new ones. Views: valid until the next append. */
export interface CachedKeys {
  readonly key: Tensor; // [B, H, S, D], not rotated
  readonly value: Tensor; // [B, H, S, D]
  readonly numPast: number;
}

export class KvCache {
  /** A token sees itself and the `window - 1` tokens before it. */
  readonly window: number;
  #store: Tensor | undefined; // [2, B, H, capacity, D]: keys, then values
  #length = 0;

  /** @throws {UsageError} if `window` is not a whole number of at least 1 */
  constructor(window: number) {
    if (!Number.isInteger(window) || window < 1) {
      throw new UsageError(`KvCache: window must be a whole number of at least 1, got ${window}.`);
    }
    this.window = window;
  }

  /** Tokens held; it may exceed the window, as older ones are dropped only when space runs out. */
  get length(): number {
    return this.#length;
  }

  /**
   * Adds tokens, without gradients, and gives what the first of them may see and all after that.
   *
   * @param key [B, H, S, D]
   * @param value of the same shape
   * @throws {ShapeError} if B, H or D differ from those already held
   */
  append(key: Tensor, value: Tensor): CachedKeys {
    const numNew = key.size(2);
    const store = noGrad(() =>
      scope(() => {
        const room = this.#makeRoom(key, numNew);
        room.select(0, 0).narrow(2, this.#length, numNew).copy_(key);
        room.select(0, 1).narrow(2, this.#length, numNew).copy_(value);
        return room;
      }),
    );
    const first = Math.max(0, this.#length - (this.window - 1));
    const numPast = this.#length - first;
    this.#length += numNew;
    const seen = store.narrow(3, first, numPast + numNew);
    return { key: seen.select(0, 0), value: seen.select(0, 1), numPast };
  }

  /**
   * Forgets the newest `count` tokens: a sampler tries a token several times and lets only the last try stand.
   * @throws {UsageError} if fewer are held
   */
  rewind(count: number): void {
    if (count > this.#length) {
      throw new UsageError(`KvCache.rewind: at most ${this.#length} tokens can be forgotten, got ${count}.`);
    }
    this.#length -= count;
  }

  /** A new cache with the streams of the given batch rows, int64 [N]; repeat a row to branch from it. */
  select(rows: Tensor): KvCache {
    const other = new KvCache(this.window);
    const store = this.#store;
    if (store !== undefined) other.#store = keep(noGrad(() => store.indexSelect(1, rows)));
    other.#length = this.#length;
    return other;
  }

  /** Frees the memory; the cache is then as new. */
  free(): void {
    this.#store?.free();
    this.#store = undefined;
    this.#length = 0;
  }

  /**
   * Makes space for `numNew` tokens. Where it runs out, the last `window - 1` tokens, all that later ones can see,
   * move to the front of a new store; with twice the window of space that happens once per window, not per token.
   */
  #makeRoom(key: Tensor, numNew: number): Tensor {
    const [B = 0, H = 0, , D = 0] = key.shape;
    const old = this.#store;
    if (old !== undefined) {
      const [, oldB, oldH, capacity = 0, oldD] = old.shape;
      if (oldB !== B || oldH !== H || oldD !== D) {
        const hint = "Call free() between streams.";
        throw new ShapeError(
          "KvCache.append",
          "key",
          `[${oldB}, ${oldH}, S, ${oldD}] as before`,
          key.shape,
          hint,
        );
      }
      if (this.#length + numNew <= capacity) return old;
    }
    const kept = Math.min(this.#length, this.window - 1);
    const capacity = Math.max(2 * this.window, kept + numNew);
    const store = keep(empty([2, B, H, capacity, D], { dtype: key.dtype, device: key.device }));
    if (old !== undefined && kept > 0) {
      store.narrow(3, 0, kept).copy_(old.narrow(3, this.#length - kept, kept));
    }
    old?.free();
    this.#store = store;
    this.#length = kept;
    return store;
  }
}
