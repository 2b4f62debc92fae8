/** The whole comparison with contenders that cost nothing: stages, refusals, report. */
import { existsSync, mkdtempSync, rmSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "@orrery/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { renderReport } from "../report/index.ts";
import { runDivide, type Contender, type DivideOptions, type TrainOrder } from "./divide.ts";
import type { TrainingFacts } from "./matching.ts";
import { divideMarkdown, divideReport } from "./report.ts";

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "divide-"));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

/** Notes what it was told to train; its runs act as a policy of the harness's test module. */
function contender(
  policy: string,
  change: Partial<TrainingFacts> = {},
): Contender & { readonly orders: TrainOrder[] } {
  const orders: TrainOrder[] = [];
  return {
    orders,
    description: policy,
    async train(order) {
      orders.push(order);
      return {
        run: order.folder,
        seed: order.seed,
        given: ["abc"],
        givenFrames: 100,
        usedEpisodes: 4,
        usedFrames: 90,
        parameters: 1000,
        steps: 50,
        seconds: 10,
        machine: "one",
        ...change,
      };
    },
    policyOf: (run) => `${policy}:${run}`,
  };
}

function options(worldModel: Contender, vla: Contender, more: Partial<DivideOptions> = {}): DivideOptions {
  return {
    worldModel,
    vla,
    seeds: [0, 1],
    tasks: ["pusht"],
    splits: ["seen"],
    trials: 2,
    seed: 0,
    out,
    policyModule: new URL("../control/policies.testing.ts", import.meta.url).href,
    workers: 1,
    films: 0,
    ...more,
  };
}

test("both sides train per seed, the second to the first's terms; nothing is done twice; a loss is printed", async () => {
  const worldModel = contender("stay");
  const vla = contender("expert", { parameters: 1010 });
  const result = await runDivide(options(worldModel, vla));
  expect(worldModel.orders.map(({ seed, match }) => [seed, match])).toEqual([
    [0, null],
    [1, null],
  ]);
  expect(vla.orders.map(({ seed, match }) => [seed, match?.steps])).toEqual([
    [0, 50],
    [1, 50],
  ]);
  expect(result.records).toHaveLength(8);
  expect(result.verdicts[0]?.scores.map(({ success }) => success)).toEqual([0, 1]);
  expect(result.verdicts[0]?.winner).toBe("VLA-style policy");

  // A stage whose record is gone is trained again, the others and the trials are kept.
  unlinkSync(join(out, "vla-1.json"));
  const again = await runDivide(options(worldModel, vla));
  expect([worldModel.orders.length, vla.orders.length]).toEqual([2, 3]);
  expect(again.records).toEqual(result.records);

  const html = renderReport(divideReport(result, [{ label: "command", value: "orrery eval divide" }]));
  const markdown = divideMarkdown(result);
  for (const text of [html, markdown]) {
    expect(text).toContain("the VLA-style policy on pusht (seen");
    expect(text).toContain("The world model is ahead nowhere");
  }
  expect(markdown).toMatch(/\| pusht \| seen \| 0 % \(0 to 49\) \| 100 % \(51 to 100\) \| -100 /);
  expect(markdown).toContain("| 0 | parameters | 1,000 | 1,010 | 1.0 % |");
});

test("unequal terms end it before a trial is run", async () => {
  const divided = runDivide(options(contender("stay"), contender("expert", { steps: 40 })));
  await expect(divided).rejects.toThrow(UsageError);
  await expect(divided).rejects.toThrow(/optimiser steps 50 and 40 differ by 20\.0 %.*Delete .*vla-0\*/);
  expect(existsSync(join(out, "trials"))).toBe(false);
});

test("one seed is too few, and a folder holds one comparison", async () => {
  await expect(runDivide(options(contender("stay"), contender("expert"), { seeds: [3] }))).rejects.toThrow(
    /at least two different ones, got 3/,
  );
  const unequal = contender("expert", { seconds: 1 });
  await expect(runDivide(options(contender("stay"), unequal))).rejects.toThrow(/training seconds/);
  await expect(runDivide(options(contender("stay"), contender("idle")))).rejects.toThrow(
    /holds another comparison/,
  );
});
