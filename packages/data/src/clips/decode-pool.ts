/** A few worker threads that decode episodes, in the order in which they were asked for. */
import { DataError, messageOf } from "@orrery/core";
import { NativeThread } from "@orrery/core/node";
import type { DecodeRequest } from "./decode-episode.ts";

export interface DecodeJob extends DecodeRequest {
  readonly id: number;
}

export type DecodeAnswer = { readonly id: number; readonly ms: number } & (
  | { readonly frames: number }
  | { readonly error: string }
);

interface Pending {
  readonly job: DecodeJob;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class DecodePool {
  /** Frames decoded so far, and the time the workers spent on them. */
  framesDecoded = 0;
  decodeMs = 0;
  readonly #threads: (NativeThread | undefined)[] = [];
  readonly #busy: (Pending | undefined)[] = [];
  readonly #queue: Pending[] = [];
  readonly #numWorkers: number;
  #nextId = 0;
  #isClosed = false;

  constructor(numWorkers: number) {
    this.#numWorkers = numWorkers;
  }

  /** Resolves when the frames are in place. @throws {DataError} if a video cannot be read, or holds too few frames */
  decode(request: DecodeRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ job: { ...request, id: this.#nextId++ }, resolve, reject });
      this.#dispatch();
    });
  }

  /** Stops the workers; what is still being decoded is abandoned. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const left = [...this.#queue, ...this.#busy].filter((pending) => pending !== undefined);
    this.#queue.length = 0;
    this.#busy.fill(undefined);
    for (const { reject } of left) reject(new DataError("DecodePool: closed while decoding."));
    const threads = this.#threads.filter((thread) => thread !== undefined);
    await Promise.all(threads.map((thread) => thread.stop()));
  }

  #dispatch(): void {
    for (let i = 0; i < this.#numWorkers && this.#queue.length > 0 && !this.#isClosed; i++) {
      if (this.#busy[i]) continue;
      const pending = this.#queue.shift() as Pending;
      this.#busy[i] = pending;
      const { worker } = (this.#threads[i] ??= this.#start(i));
      worker.ref(); // an idle worker must not keep the process alive, a busy one must
      worker.postMessage(pending.job);
    }
  }

  #start(i: number): NativeThread {
    const thread = new NativeThread(new URL("./decode.worker.ts", import.meta.url));
    const { worker } = thread;
    worker.on("message", (answer: DecodeAnswer) => {
      const pending = this.#release(i);
      this.decodeMs += answer.ms;
      if ("error" in answer) pending?.reject(new DataError(answer.error));
      else {
        this.framesDecoded += answer.frames;
        pending?.resolve();
      }
      this.#dispatch();
    });
    // A decoder that crashes takes its thread along; the episode is given up and the next job gets a new thread.
    worker.on("error", (error) => this.#lose(i, thread, messageOf(error)));
    worker.on("exit", (code) => this.#lose(i, thread, `exit code ${code}`));
    return thread;
  }

  #lose(i: number, thread: NativeThread, reason: string): void {
    if (this.#threads[i] !== thread) return; // its other event came first, and a new thread has the place
    this.#threads[i] = undefined;
    const pending = this.#release(i);
    const paths = pending?.job.cameras.map(({ path }) => path).join(", ");
    pending?.reject(new DataError(`DecodePool: the decoder thread died on ${paths} (${reason}).`));
    this.#dispatch();
  }

  #release(i: number): Pending | undefined {
    const pending = this.#busy[i];
    this.#busy[i] = undefined;
    if (!this.#isClosed) this.#threads[i]?.worker.unref();
    return pending;
  }
}
