/** The main process's side of a trial process: starts it, hands it one order at a time, ends it. */
import { fork, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { OrreryError, UsageError } from "@orrery/core";
import type { TrialAnswer, TrialOrder, TrialSetup } from "./messages.ts";

const CHILD = fileURLToPath(new URL("./trial.child.ts", import.meta.url));
const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
/** One thread per process: as many processes as cores share the machine without waiting for each other. */
const ONE_THREAD = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
/** What of a dead process's complaints is shown. */
const LAST_WORDS = 2000;

/** The process ended without an answer: killed, out of memory, or brought down by native code. */
export class TrialProcessDied extends OrreryError {}

export class TrialProcess {
  readonly #child: ChildProcess;
  #complaints = "";
  #death: string | null = null;

  constructor(setup: TrialSetup) {
    this.#child = fork(CHILD, [JSON.stringify(setup)], {
      execArgv: ["--import", TSX],
      env: { ...process.env, ...ONE_THREAD },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child.stderr?.on("data", (text: Buffer) => {
      this.#complaints = (this.#complaints + text.toString()).slice(-LAST_WORDS);
    });
    this.#child.on("exit", (code, signal) => {
      this.#death = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Runs one trial.
   * @throws {UsageError} and {OrreryError} as the trial threw them
   * @throws {TrialProcessDied} if the process ended meanwhile
   */
  async run(order: TrialOrder): Promise<Extract<TrialAnswer, { kind: "trial" }>> {
    const answer = this.#next();
    // Node keeps the message until the process listens.
    if (this.#child.connected) this.#child.send(order);
    const message = await answer;
    if (message.kind === "trial") return message;
    if (message.exitCode === 2) throw new UsageError(message.message);
    if (message.exitCode === 1) throw new OrreryError(message.message);
    throw new Error(message.message);
  }

  /** Ends the process at once; a trial under way is lost. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #next(): Promise<TrialAnswer> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        this.#child.off("message", onMessage);
        this.#child.off("exit", onExit);
        finish();
      };
      const onMessage = (message: unknown): void => settle(() => resolve(message as TrialAnswer));
      const onExit = (): void =>
        settle(() => {
          const words = this.#complaints.trim();
          reject(
            new TrialProcessDied(
              `eval control: a trial process gave no answer: ${this.#death ?? "it is gone"}.${words === "" ? "" : `\n${words}`}`,
            ),
          );
        });
      this.#child.on("message", onMessage);
      this.#child.on("exit", onExit);
      if (this.#death !== null) onExit();
    });
  }
}
