/**
 * Worker threads that call native addons, and how to end them.
 *
 * `worker.terminate()` and `process.exit()` end a thread by refusing every further call from native code into
 * JavaScript. Addons built on node-addon-api (node-av is one) answer a refusal with abort(), which takes the whole
 * process along: "FATAL ERROR: Error::ThrowAsJavaScriptException napi_throw". A thread stopped while it decoded did so
 * about once in forty times. So a thread at work is asked to stop, through memory that it looks at between two calls,
 * and nobody ends it, or the process, before it has answered.
 */
import { isMainThread, parentPort, workerData, type Worker } from "node:worker_threads";
import { spawnWorker } from "./worker.ts";

/** Words of the memory that both sides share. */
const STOP = 0;
const AT_WORK = 1;

/** How long a process that exits waits for its threads; one that is stuck in native code gets no longer. */
const EXIT_WAIT_MS = 5000;

interface Envelope {
  readonly state: Int32Array;
  readonly data: unknown;
}

/** Threads that have not ended. */
const alive = new Set<NativeThread>();

/** A thread that runs `serveOrders`. End it with `stop` alone; `worker.terminate()` may abort the process. */
export class NativeThread {
  readonly worker: Worker;
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #ended: Promise<void>;

  /** @param data for the thread's `setUp`, as a structured clone */
  constructor(file: URL, data?: unknown) {
    this.#state[AT_WORK] = 1; // loading addons must not be cut off either
    const envelope: Envelope = { state: this.#state, data };
    this.worker = spawnWorker(file, { workerData: envelope });
    if (alive.size === 0) process.on("exit", settleAll);
    alive.add(this);
    this.#ended = new Promise((resolve) => {
      this.worker.once("exit", () => {
        alive.delete(this);
        if (alive.size === 0) process.off("exit", settleAll);
        resolve();
      });
    });
  }

  /** Resolves once the thread has ended; an order at work is given up where it asks for `isStopped`. */
  async stop(): Promise<void> {
    if (!alive.has(this)) return;
    this.worker.on("error", () => undefined); // what it was doing is of no interest any more
    this.worker.ref(); // or the process could end while this waits
    Atomics.store(this.#state, STOP, 1);
    this.worker.postMessage(undefined); // wakes it where it is idle
    await this.#ended;
  }

  /** Asks the thread to stop and blocks until it is outside native code, or `untilMs` has come. */
  settle(untilMs: number): void {
    Atomics.store(this.#state, STOP, 1);
    Atomics.wait(this.#state, AT_WORK, 1, Math.max(0, untilMs - performance.now()));
  }
}

/** Runs when the process exits, just before Node stops all threads. */
function settleAll(): void {
  const untilMs = performance.now() + EXIT_WAIT_MS;
  for (const thread of alive) thread.settle(untilMs);
}

/** What a thread does with its orders. */
export interface OrderHandler<Order, Answer> {
  /** Its result is posted back; a throw ends the thread with an "error" event. */
  readonly answer: (order: Order) => Answer | Promise<Answer>;
  /** Frees what is open, before the thread ends on request. */
  readonly close?: () => void;
}

/**
 * The thread's side of `NativeThread`: sets up once, then answers one order at a time.
 * @param setUp takes the `data` of the constructor; what works long asks `isStopped`, and throws where it says yes
 */
export async function serveOrders<Order, Answer>(
  setUp: (
    data: unknown,
    isStopped: () => boolean,
  ) => OrderHandler<Order, Answer> | Promise<OrderHandler<Order, Answer>>,
): Promise<void> {
  const port = parentPort;
  if (isMainThread || !port)
    throw new Error("serveOrders: must run in a NativeThread, not in the main thread.");
  const { state, data } = workerData as Envelope;
  const isStopped = (): boolean => Atomics.load(state, STOP) === 1;
  const rest = (): void => {
    Atomics.store(state, AT_WORK, 0);
    Atomics.notify(state, AT_WORK);
  };
  try {
    const handler = await setUp(data, isStopped);
    let isClosed = false;
    const serve = async (order: Order): Promise<void> => {
      if (isClosed) return; // orders that were queued behind the stop
      // Announced before the question: whoever asked for the stop sees either this, or no work at all.
      Atomics.store(state, AT_WORK, 1);
      try {
        if (!isStopped()) port.postMessage(await handler.answer(order));
      } catch (error) {
        if (!isStopped()) throw error; // otherwise it was given up, and that is all there is to say
      } finally {
        if (isStopped()) {
          isClosed = true;
          handler.close?.();
          port.close();
        }
        rest();
      }
    };
    let last: Promise<void> = Promise.resolve();
    port.on("message", (order: Order) => void (last = last.then(() => serve(order))));
  } finally {
    rest();
  }
}
