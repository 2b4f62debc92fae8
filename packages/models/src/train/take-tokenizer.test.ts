import { join } from "node:path";
import type { DatasetReader } from "@orrery/data";
import { beforeAll, expect, test } from "vitest";
import type { ModelConfig } from "../config.ts";
import { loadModel } from "../release.ts";
import { debugConfig, recordSquare, temporaryFolder } from "../testing.ts";
import { trainWorldModel } from "./trainer.ts";

/** Three steps of each phase. */
function shortConfig(): ModelConfig {
  const config = debugConfig();
  const { tokenizer, dynamics } = config.training;
  return {
    ...config,
    training: { tokenizer: { ...tokenizer, steps: 3 }, dynamics: { ...dynamics, steps: 3 } },
  };
}

let dataset: DatasetReader;
let first: string;
beforeAll(async () => {
  dataset = await recordSquare(join(temporaryFolder("square"), "data"), { episodes: 3, length: 12 });
  first = join(temporaryFolder("first"), "run");
  await trainWorldModel({ config: shortConfig(), sources: [{ dataset }], out: first, seed: 1 });
});

test("a taken tokenizer is the other run's to the bit, and only the dynamics is trained", async () => {
  const out = join(temporaryFolder("second"), "run");
  const options = { config: shortConfig(), sources: [{ dataset }], out, seed: 2, tokenizerFrom: first };
  const { steps } = await trainWorldModel(options);
  expect(steps).toEqual({ tokenizer: 0, dynamics: 3 });
  const weightsOf = (run: string, part: "tokenizer" | "dynamics"): number[][] =>
    [...loadModel(run)[part].stateDict().values()].map((tensor) => Array.from(tensor.toFloat64()));
  expect(weightsOf(out, "tokenizer")).toEqual(weightsOf(first, "tokenizer"));
  expect(weightsOf(out, "dynamics")).not.toEqual(weightsOf(first, "dynamics"));
});

test("a tokenizer of another configuration is refused, and so is a folder that is no finished run", async () => {
  const config = shortConfig();
  const other = { ...config, tokenizer: { ...config.tokenizer, channels: 4 } };
  const options = { sources: [{ dataset }], seed: 2 };
  const out = join(temporaryFolder("third"), "run");
  await expect(trainWorldModel({ ...options, config: other, out, tokenizerFrom: first })).rejects.toThrow(
    /must have the configuration of the model to be trained/,
  );
  await expect(
    trainWorldModel({ ...options, config, out, tokenizerFrom: join(out, "nothing") }),
  ).rejects.toThrow(/must be a finished run/);
});
