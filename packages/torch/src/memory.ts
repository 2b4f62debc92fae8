/**
 * Who frees a tensor. Tensors live outside the JS heap, so the garbage collector sees only their small wrappers and would free
 * gigabytes too late. Inside `scope` all that was made is freed at its end, except what is returned or kept; outside any scope the
 * garbage collector frees, some time after the last reference is gone.
 */
import { UsageError } from "@orrery/core";
import { native } from "./native.ts";

/** What `scope` and `free` work on; `Tensor` is the one kind there is. */
export abstract class Owned {
  /** Index into the addon's table; 0 once freed. Internal. */
  handle: number;
  /** Set by `keep`: scopes leave it alone. Internal. */
  kept = false;
  /** The garbage collector is responsible. Internal. */
  collected = false;

  constructor(handle: number) {
    this.handle = handle;
    if (current === undefined) letCollectorFree(this);
    else current.push(this);
  }

  /** True after `free()` or the end of the scope that owned it; any further use throws. */
  get isFreed(): boolean {
    return this.handle === 0;
  }

  /** Frees the tensor now. Other tensors that view the same memory stay valid. Freeing twice is harmless. */
  free(): void {
    if (this.handle === 0) return;
    if (this.collected) collector.unregister(this);
    native.free(this.handle);
    this.handle = 0;
  }
}

const collector = new FinalizationRegistry<number>((handle) => native.free(handle));
let current: Owned[] | undefined;
let batch = new Int32Array(1024);

function letCollectorFree(owned: Owned): void {
  owned.collected = true;
  collector.register(owned, owned.handle, owned);
}

/**
 * Runs `fn` and frees every tensor made inside, except those it returns (also inside arrays, plain objects, Maps and Sets) and those
 * passed to `keep`. Returned tensors belong to the enclosing scope, if there is one. Also frees when `fn` throws.
 *
 * @throws {UsageError} if `fn` returns a promise: what it makes after its first `await` would escape the scope
 */
export function scope<T>(fn: () => T): T {
  const outer = current;
  const mine: Owned[] = [];
  current = mine;
  const survivors = new Set<Owned>();
  try {
    const result = fn();
    if (result instanceof Promise) {
      throw new UsageError(
        "scope: fn must not be async. Await outside, and open one scope for each synchronous part.",
      );
    }
    findOwned(result, survivors, 0);
    return result;
  } finally {
    current = outer;
    close(mine, survivors, outer);
  }
}

/** Exempts a tensor from all scopes around it, for parameters and caches; afterwards `free()` or the garbage collector frees it. */
export function keep<T extends Owned>(owned: T): T {
  owned.kept = true;
  return owned;
}

/** Tensors that JS holds in this thread. */
export function liveTensorCount(): number {
  return native.liveTensorCount();
}

/** Bytes behind the live tensors, shared memory counted once. What the autograd graph saves comes on top. */
export function liveTensorBytes(): number {
  return native.liveTensorBytes();
}

function close(mine: readonly Owned[], survivors: ReadonlySet<Owned>, outer: Owned[] | undefined): void {
  if (batch.length < mine.length) batch = new Int32Array(mine.length * 2);
  let count = 0;
  for (const owned of mine) {
    if (owned.handle === 0) continue;
    if (owned.kept) {
      if (!owned.collected) letCollectorFree(owned);
    } else if (survivors.has(owned)) {
      if (outer === undefined) letCollectorFree(owned);
      else outer.push(owned);
    } else {
      batch[count++] = owned.handle;
      owned.handle = 0;
    }
  }
  native.freeMany(batch, count);
}

/** Deep enough for any batch or state, shallow enough to stop at a cycle with a clear cause. */
const MAX_DEPTH = 32;

function findOwned(value: unknown, found: Set<Owned>, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (value instanceof Owned) {
    found.add(value);
    return;
  }
  if (ArrayBuffer.isView(value)) return;
  if (depth > MAX_DEPTH) {
    throw new UsageError(
      `scope: the returned value must nest at most ${MAX_DEPTH} levels deep. Does it refer to itself?`,
    );
  }
  const visit = (child: unknown): void => findOwned(child, found, depth + 1);
  if (Array.isArray(value) || value instanceof Set) value.forEach(visit);
  else if (value instanceof Map) value.forEach(visit);
  else if (isPlainObject(value)) Object.values(value).forEach(visit);
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
