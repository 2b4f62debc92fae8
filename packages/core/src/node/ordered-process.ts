/**
 * Child processes that answer one order at a time, and both of their sides. Processes and not threads where libraries of
 * matrix products share one pool of threads per process, and where what dies must take only itself along.
 *
 * All that is said goes through JSON. An error that a person can act on arrives as the same kind of error; whatever else
 * is thrown arrives as a defect, with its stack.
 */
import { fork, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { messageOf, OrreryError, UsageError } from "../errors.ts";

const TSX = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
/** One thread per process: as many processes as cores share the machine without waiting for each other. */
const ONE_THREAD = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
/** How long a process may take to start; loading everything takes seconds, on a crowded machine minutes. */
const START_SEC = 600;
/** What of a dead process's complaints is shown, in characters. */
const LAST_WORDS = 2000;

/** The process ended without an answer, or gave none in time and was ended. Another one must take its place. */
export class ProcessLost extends OrreryError {
  readonly reason: "died" | "silent";

  constructor(message: string, reason: "died" | "silent") {
    super(message);
    this.reason = reason;
  }
}

/** From a child process. */
type Message<Answer> =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly answer: Answer }
  /** A message for people and the exit code it asks for; null where the child itself is at fault. */
  | { readonly kind: "error"; readonly message: string; readonly exitCode: 1 | 2 | null };

/** A process that runs `answerOrders`. */
export class OrderedProcess<Order, Answer> {
  readonly #child: ChildProcess;
  readonly #name: string;
  /** Its "ready", or why it will never be. */
  readonly #ready: Promise<Message<Answer>>;
  #complaints = "";
  #death: string | null = null;

  /**
   * @param file TypeScript: `new URL("./x.child.ts", import.meta.url)`
   * @param name who speaks in errors, as "fleet: a robot"
   * @param setup for the child's `setUp`, as JSON
   */
  constructor(file: URL, name: string, setup: unknown) {
    this.#name = name;
    this.#child = fork(fileURLToPath(file), [JSON.stringify(setup)], {
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
    this.#ready.catch(() => {}); // whoever gives the first order hears of it
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Gives one order and waits for its answer; one order at a time.
   *
   * @param answerSec patience on the wall clock, counted from when the process listens
   * @throws {UsageError} and {OrreryError} as the child threw them
   * @throws {ProcessLost} if it ended meanwhile or stayed silent; it is ended then
   */
  async run(order: Order, answerSec = Infinity): Promise<Answer> {
    await this.#ready;
    const next = this.#next(answerSec);
    if (this.#child.connected) this.#child.send(order as object);
    const message = await next;
    if (message.kind === "answer") return message.answer;
    if (message.kind === "ready") throw new Error("internal: a process was ready twice. Please report this.");
    if (message.exitCode === 2) throw new UsageError(message.message);
    if (message.exitCode === 1) throw new OrreryError(message.message);
    throw new Error(message.message);
  }

  /** Ends it at once; an order under way is lost. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #next(patienceSec: number): Promise<Message<Answer>> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        this.#child.off("message", onMessage);
        this.#child.off("exit", onExit);
        finish();
      };
      const onMessage = (message: unknown): void => settle(() => resolve(message as Message<Answer>));
      const onExit = (): void => settle(() => reject(this.#lost()));
      const onSilence = (): void =>
        settle(() => {
          this.kill();
          const text = `${this.#name} stopped answering: nothing for ${patienceSec} s.`;
          reject(new ProcessLost(text, "silent"));
        });
      const timer = Number.isFinite(patienceSec) ? setTimeout(onSilence, patienceSec * 1000) : undefined;
      this.#child.on("message", onMessage);
      this.#child.on("exit", onExit);
      if (this.#death !== null) onExit();
    });
  }

  #lost(): ProcessLost {
    const words = this.#complaints.trim();
    const said = words === "" ? "" : `\n${words}`;
    return new ProcessLost(`${this.#name} gave no answer: ${this.#death ?? "it is gone"}.${said}`, "died");
  }
}

/**
 * The child's side of `OrderedProcess`: sets up once, then answers orders in turn. It ends with its parent.
 * @param setUp takes the `setup` of the constructor and gives what answers an order, both typed by the caller, who knows
 *   what the parent sends; what it throws answers every order
 */
export function answerOrders(setUp: (setup: never) => Promise<(order: never) => Promise<unknown>>): void {
  // Ctrl-C reaches the whole group of processes; the parent decides what becomes of the others.
  process.on("SIGINT", () => {});
  process.on("disconnect", () => process.exit(1));
  const say = (message: Message<unknown>): void => void process.send?.(message);
  const answering = setUp(JSON.parse(process.argv[2] ?? "null") as never);
  let last: Promise<void> = Promise.resolve();
  process.on("message", (order) => {
    last = last.then(async () => {
      try {
        const answer = await answering;
        say({ kind: "answer", answer: await answer(order as never) });
      } catch (error) {
        say(asMessage(error));
      }
    });
  });
  // Whatever came of the set-up: what went wrong is told to whoever gives an order.
  const onSetUp = (): void => say({ kind: "ready" });
  answering.then(onSetUp, onSetUp);
}

function asMessage(error: unknown): Message<never> {
  if (error instanceof OrreryError)
    return { kind: "error", message: error.message, exitCode: error.exitCode };
  const text = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
  return { kind: "error", message: text, exitCode: null };
}
