import { expect, test } from "vitest";
import { UsageError } from "../errors.ts";
import { workThrough } from "./crew.ts";
import { OrderedProcess, type ProcessLost } from "./ordered-process.ts";

type Order = number | string;
interface Answer {
  readonly pid: number;
  readonly value: number;
}

const start = (factor = 2): OrderedProcess<Order, Answer> =>
  new OrderedProcess(new URL("./testdata/moody.child.ts", import.meta.url), "test: a child", { factor });

test("orders are answered in turn, and errors arrive as what they were", async () => {
  const child = start();
  expect(await child.run(3)).toEqual({ pid: child.pid, value: 6 });
  await expect(child.run("refuse")).rejects.toThrow(new UsageError("moody: that is not done."));
  await expect(child.run("break")).rejects.toThrow(/TypeError: broken.*moody\.child/s);
  expect((await child.run(4)).value).toBe(8);
  await expect(child.run("die")).rejects.toMatchObject({
    reason: "died",
    message: "test: a child gave no answer: it was ended by SIGKILL.",
  });
  await expect(child.run(5)).rejects.toMatchObject({ reason: "died" });
});

test("a child that hangs is ended; one that cannot set up says so at the first order", async () => {
  const [hanging, useless] = [start(), start(0)];
  await expect(hanging.run("hang", 0.2)).rejects.toMatchObject({
    reason: "silent",
    message: "test: a child stopped answering: nothing for 0.2 s.",
  });
  await expect(useless.run(1)).rejects.toThrow(new UsageError("moody: the factor must not be 0."));
  useless.kill();
});

test("a crew goes on when members are lost, and stops at the first failure", async () => {
  const answers = new Map<string, number>();
  const losses: string[] = [];
  let begun = 0;
  const work = {
    workers: 2,
    start: () => (begun++, start()),
    // What dies once is tried again as something that can be answered.
    orderOf: (job: string): Order => (losses.includes(`${job} died`) ? 50 : Number(job) || job),
    onAnswer: (job: string, { value }: Answer) => void answers.set(job, value),
    onLost: (job: string, { reason }: ProcessLost) => {
      losses.push(`${job} ${reason}`);
      return job === "die";
    },
    answerSec: 2,
  };
  await workThrough({ ...work, jobs: ["1", "die", "2", "hang", "3"] });
  expect(Object.fromEntries(answers)).toEqual({ "1": 2, "2": 4, "3": 6, die: 100 });
  expect(losses.toSorted()).toEqual(["die died", "hang silent"]);
  expect(begun).toBeLessThanOrEqual(4);
  await expect(workThrough({ ...work, jobs: ["refuse", "1", "2"] })).rejects.toThrow("that is not done");
});

test("a crew that is told to stop ends its processes and returns", async () => {
  const answers: number[] = [];
  const crew: OrderedProcess<Order, Answer>[] = [];
  const stop = new AbortController();
  await workThrough({
    jobs: [1, "hang", 2],
    workers: 1,
    start: () => {
      crew.push(start());
      return crew[0] as OrderedProcess<Order, Answer>;
    },
    orderOf: (job) => job,
    onAnswer: (_job, { value }) => {
      answers.push(value);
      setTimeout(() => stop.abort(), 50);
    },
    onLost: () => true,
    signal: stop.signal,
  });
  expect(answers).toEqual([2]);
  await expect(crew[0]?.run(1)).rejects.toMatchObject({ reason: "died" });
});
