/** The main process's side of a robot: starts it, hands it one order at a time, and does not wait for ever. */
import { fork, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { OrreryError, UsageError } from "@orrery/core";
import type { FleetAnswer, FleetOrder, RobotSetup } from "./messages.ts";

const CHILD = fileURLToPath(new URL("./robot.child.ts", import.meta.url));
const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
/** One thread per robot: as many robots as cores share the machine without waiting for each other. */
const ONE_THREAD = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
/** How long a robot may take to start; loading everything takes seconds, on a busy machine many. */
const START_SEC = 180;
/** What of a dead robot's complaints is shown. */
const LAST_WORDS = 2000;

/** The robot ended without an answer, or gave none in time and was ended. */
export class RobotLost extends OrreryError {
  readonly reason: "died" | "silent";

  constructor(message: string, reason: "died" | "silent") {
    super(message);
    this.reason = reason;
  }
}

export class Robot {
  readonly #child: ChildProcess;
  /** Its "ready", until the first order has waited for it. */
  #ready: Promise<FleetAnswer> | null;
  #complaints = "";
  #death: string | null = null;

  constructor(setup: RobotSetup) {
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
    this.#ready = this.#next(START_SEC);
    // Whoever sends the first order hears of it.
    this.#ready.catch(() => {});
  }

  /**
   * Has it live through one episode.
   * @throws {UsageError} and {OrreryError} as the robot threw them
   * @throws {RobotLost} if it died, or gave no answer within `answerSec`; it must then be replaced
   */
  async run(order: FleetOrder, answerSec: number): Promise<Extract<FleetAnswer, { kind: "episode" }>> {
    await this.#ready;
    this.#ready = null;
    const answer = this.#next(answerSec);
    if (this.#child.connected) this.#child.send(order);
    const message = await answer;
    if (message.kind === "episode") return message;
    if (message.kind === "ready") throw new Error("internal: a robot was ready twice. Please report this.");
    if (message.exitCode === 2) throw new UsageError(message.message);
    if (message.exitCode === 1) throw new OrreryError(message.message);
    throw new Error(message.message);
  }

  /** Ends it at once; an episode under way is lost. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #next(answerSec: number): Promise<FleetAnswer> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        this.#child.off("message", onMessage);
        this.#child.off("exit", onExit);
        finish();
      };
      const onMessage = (message: unknown): void => settle(() => resolve(message as FleetAnswer));
      const onExit = (): void =>
        settle(() => {
          const words = this.#complaints.trim();
          const text = `fleet: a robot gave no answer: ${this.#death ?? "it is gone"}.${words === "" ? "" : `\n${words}`}`;
          reject(new RobotLost(text, "died"));
        });
      const timer = setTimeout(
        () =>
          settle(() => {
            this.kill();
            reject(new RobotLost(`fleet: a robot stopped answering: nothing for ${answerSec} s.`, "silent"));
          }),
        answerSec * 1000,
      );
      this.#child.on("message", onMessage);
      this.#child.on("exit", onExit);
      if (this.#death !== null) onExit();
    });
  }
}
