/** A crew of processes that works through a list of jobs, and goes on when one of its members is lost. */
import { ProcessLost, type OrderedProcess } from "./ordered-process.ts";

export interface CrewWork<Job, Order, Answer> {
  readonly jobs: readonly Job[];
  /** Processes at once. */
  readonly workers: number;
  readonly start: () => OrderedProcess<Order, Answer>;
  /** Made when its turn comes, so that it may depend on what was done before. */
  readonly orderOf: (job: Job) => Order;
  readonly onAnswer: (job: Job, answer: Answer) => void;
  /** A process was lost with this job: whether another one is to try it. A throw ends the whole work. */
  readonly onLost: (job: Job, loss: ProcessLost) => boolean;
  /** See `OrderedProcess.run`. */
  readonly answerSec?: number;
  /** Ends all processes at once; the call then returns, and it is for the caller to say what was kept. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves when every job was answered or given up, or `signal` fired.
 * @throws whatever an answer, `onAnswer` or `onLost` threw first; the others stop at their next job
 */
export async function workThrough<Job, Order, Answer>(work: CrewWork<Job, Order, Answer>): Promise<void> {
  const { signal, start, orderOf, onAnswer, onLost, answerSec } = work;
  const queue = [...work.jobs];
  const crew = new Set<OrderedProcess<Order, Answer>>();
  const failures: unknown[] = [];
  const isOver = (): boolean => failures.length > 0 || signal?.aborted === true;

  /** One member's work, and that of those who take its place. */
  const member = async (): Promise<void> => {
    let own: OrderedProcess<Order, Answer> | null = null;
    const dismiss = (): void => {
      own?.kill();
      if (own !== null) crew.delete(own);
      own = null;
    };
    for (let job = queue.shift(); job !== undefined && !isOver(); job = queue.shift()) {
      own ??= start();
      crew.add(own);
      try {
        onAnswer(job, await own.run(orderOf(job), answerSec));
      } catch (error) {
        dismiss();
        if (signal?.aborted) return;
        if (!(error instanceof ProcessLost)) throw error;
        if (onLost(job, error)) queue.unshift(job);
      }
    }
    dismiss();
  };

  const killAll = (): void => {
    for (const one of crew) one.kill();
  };
  signal?.addEventListener("abort", killAll);
  try {
    const size = Math.min(work.workers, queue.length);
    const catching = (error: unknown): void => void failures.push(error);
    await Promise.all(Array.from({ length: size }, () => member().catch(catching)));
  } finally {
    signal?.removeEventListener("abort", killAll);
    killAll();
  }
  if (signal?.aborted !== true && failures.length > 0) throw failures[0];
}
