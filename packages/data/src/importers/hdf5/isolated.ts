/**
 * The HDF5 library at arm's length. Corrupt files can send it into an endless loop or make it abort; both happened under
 * fuzzing. So it runs in a worker thread that is given up when it stalls or traps, and replaced for the next file.
 */
import type { Worker } from "node:worker_threads";
import { DataError, messageOf, type Step } from "@orrery/core";
import { spawnWorker } from "@orrery/core/node";
import type { Skip } from "../../source.ts";
import type { H5Found } from "./read-file.ts";

interface Target {
  readonly path: string;
  readonly rateHz?: number;
}

export type ToWorker =
  | ({ readonly id: number; readonly kind: "walk"; readonly label: string } & Target)
  | ({ readonly id: number; readonly kind: "steps"; readonly group: string } & Target)
  | { readonly id: number; readonly kind: "next" | "stop" };

export type FromWorker =
  | { readonly id: number; readonly kind: "started" | "done" }
  | { readonly id: number; readonly kind: "value"; readonly value: unknown }
  | { readonly id: number; readonly kind: "failed"; readonly reason: string; readonly isFatal: boolean };

/** One warm thread is kept between sources, since starting one takes longer than reading a small file. */
let idle: Worker | undefined;

/** Reads HDF5 files in a thread. Close it when done. */
export class IsolatedH5 {
  readonly #stallMs: number;
  #worker: Worker | undefined;
  #nextId = 0;
  readonly #waiting = new Map<number, (reply: FromWorker) => void>();

  /** @param stallSec how long one answer may take before the file is given up */
  constructor(stallSec: number) {
    this.#stallMs = stallSec * 1000;
  }

  /** Episodes of a file and what was wrong with others. @throws {DataError} if the library stalls or traps */
  walk(path: string, label: string, rateHz: number | undefined): AsyncGenerator<Skip | H5Found> {
    const id = this.#nextId++;
    return this.#stream({ id, kind: "walk", path, label, ...(rateHz !== undefined && { rateHz }) });
  }

  /** @throws {DataError} as `walk`, and if a row cannot be read */
  steps(path: string, group: string, rateHz: number | undefined): AsyncGenerator<Step> {
    const id = this.#nextId++;
    return this.#stream({ id, kind: "steps", path, group, ...(rateHz !== undefined && { rateHz }) });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    if (!worker) return;
    this.#detach(worker);
    worker.unref();
    if (idle) await worker.terminate();
    else idle = worker;
  }

  async *#stream<T>(first: Extract<ToWorker, { kind: "walk" | "steps" }>): AsyncGenerator<T> {
    const { id, path } = first;
    await this.#ask(first, path);
    const worker = this.#worker;
    let isOpen = true;
    try {
      for (;;) {
        if (this.#worker !== worker)
          throw new DataError(`${path}: the reader was stopped by other damage in it.`, { path });
        const reply = await this.#ask({ id, kind: "next" }, path);
        isOpen = reply.kind === "value";
        if (reply.kind !== "value") return;
        yield reply.value as T;
      }
    } finally {
      // Left early: the worker closes the file. After a failure there is nothing to close.
      if (isOpen && this.#worker === worker && worker)
        await this.#ask({ id, kind: "stop" }, path).catch(() => undefined);
    }
  }

  async #ask(message: ToWorker, path: string): Promise<FromWorker> {
    const worker = (this.#worker ??= this.#start());
    const reply = await new Promise<FromWorker>((resolve) => {
      const fail = (reason: string): void =>
        resolve({ id: message.id, kind: "failed", reason, isFatal: true });
      const timer = setTimeout(
        () =>
          fail(
            `the HDF5 library did not answer for ${this.#stallMs / 1000} s; the file is corrupt, or raise stallSec`,
          ),
        this.#stallMs,
      );
      this.#waiting.set(message.id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      worker.postMessage(message);
    });
    this.#waiting.delete(message.id);
    if (reply.kind !== "failed") return reply;
    if (reply.isFatal) await this.#giveUp();
    throw new DataError(reply.reason.includes(path) ? reply.reason : `${path}: ${reply.reason}`, { path });
  }

  #start(): Worker {
    const worker = idle ?? spawnWorker(new URL("./hdf5.worker.ts", import.meta.url));
    idle = undefined;
    worker.ref();
    worker.on("message", this.#onMessage);
    worker.on("error", this.#onError);
    worker.on("exit", this.#onExit);
    return worker;
  }

  readonly #onMessage = (reply: FromWorker): void => this.#waiting.get(reply.id)?.(reply);
  readonly #onError = (error: unknown): void => this.#failAll(messageOf(error));
  readonly #onExit = (): void => this.#failAll("the HDF5 library crashed");

  /** Takes off our own listeners alone: the thread has others that keep its port open. */
  #detach(worker: Worker): void {
    worker.off("message", this.#onMessage);
    worker.off("error", this.#onError);
    worker.off("exit", this.#onExit);
  }

  #failAll(reason: string): void {
    for (const [id, settle] of this.#waiting) settle({ id, kind: "failed", reason, isFatal: true });
  }

  async #giveUp(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    if (!worker) return;
    this.#detach(worker);
    this.#failAll("the HDF5 library was stopped");
    await worker.terminate();
  }
}
