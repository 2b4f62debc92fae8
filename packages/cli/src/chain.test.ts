/** Train, eval and dream from the command line, as far as scripts see them: one JSON object and an exit code. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { jsonOf, orrery, recordSquare, shortConfig, start, temporaryFolder, until } from "./testing.ts";

const folder = temporaryFolder("chain");
const run = join(folder, "run");
const config = join(folder, "short.json");
let data: string;
beforeAll(async () => {
  data = await recordSquare(join(folder, "data"), { episodes: 5 });
  writeFileSync(config, shortConfig(4));
  const ended = await orrery("train", config, "--data", data, "--episodes", "0-2", "--out", run, "--json");
  expect(ended).toMatchObject({ code: 0 });
  expect(jsonOf(ended)).toMatchObject({
    run,
    steps: 8,
    loss: expect.any(Number) as number,
    samples_per_second: expect.any(Number) as number,
  });
});

test("eval prediction --json holds the scores of the model and of each baseline", async () => {
  const command = ["eval", "prediction", "--model", run, "--data", data, "--windows", "4"];
  const ended = await orrery(...command, "--context", "4", "--horizon", "3", "--json");
  expect(ended.code).toBe(0);
  const metrics = jsonOf(ended)["metrics"] as Record<string, unknown>;
  const perHorizon = expect.objectContaining({ length: 3 }) as unknown;
  expect(metrics).toMatchObject({
    n: 4,
    episodes: 2, // held out: those that were not trained on
    psnr: perHorizon,
    ci95: { psnr: perHorizon },
    baseline_copy_last: { psnr: perHorizon },
    baseline_nearest: { psnr: perHorizon },
    ceiling_round_trip: { psnr: perHorizon },
    baseline_constant_velocity_state_rmse: perHorizon,
  });
});

test("dream --json names the video, and the same command writes the same bytes", async () => {
  const dream = async (name: string, ...more: string[]): Promise<Uint8Array> => {
    const out = join(folder, name);
    const common = ["dream", "--model", run, "--data", data, "--context", "4", "--frames", "3"];
    const ended = await orrery(...common, "--episode", "4", "--out", out, "--json", ...more);
    expect(ended.code).toBe(0);
    expect(jsonOf(ended)).toMatchObject({ file: out, frames: 7 });
    expect(jsonOf(ended)["frames_per_second"]).toBeGreaterThan(0);
    return readFileSync(out);
  };
  const first = await dream("a.mp4");
  expect(await dream("b.mp4")).toEqual(first);
  expect(await dream("c.mp4", "--seed", "1")).not.toEqual(first);
});

test("Ctrl-C in training saves, ends with 1 and one message, and --resume goes on from there", async () => {
  const out = join(folder, "stopped");
  const long = join(folder, "long.json");
  writeFileSync(long, shortConfig(100_000));
  const { child, says, ended } = start("train", long, "--data", data, "--out", out);
  await says(/train tokenizer/);
  child.kill("SIGINT");
  const { code, stderr } = await ended;
  expect(code).toBe(1);
  const step = /orrery: Stopped in phase tokenizer at step (\d+); run again with --resume/.exec(stderr)?.[1];
  expect(readdirSync(join(out, "training")).toSorted()).toEqual(["latest.json", `tokenizer-${step}`]);

  const again = start("train", long, "--data", data, "--out", out, "--resume");
  await again.says(new RegExp(`resumed in phase tokenizer at step ${step}`));
  await again.says(/train tokenizer/);
  again.child.kill("SIGINT");
  const second = /at step (\d+);/.exec((await again.ended).stderr)?.[1];
  expect(Number(second)).toBeGreaterThan(Number(step));
});

/** Whether a recording under way has an episode that is finished. */
function hasEpisodes(dataset: string): boolean {
  const staging = join(dataset, ".staging");
  return existsSync(staging) && readdirSync(staging).some((name) => name.startsWith("episode"));
}

test("Ctrl-C in recording keeps the finished episodes, and the next recording adds to them", async () => {
  const to = join(folder, "store", "reach");
  const record = ["sim", "record", "--task", "reach", "--operator", "play", "--to", to];
  const { child, ended } = start(...record, "--episodes", "500", "--workers", "1");
  await until(() => hasEpisodes(to), ended);
  child.kill("SIGINT");
  const { code, stderr } = await ended;
  expect(code).toBe(1);
  expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/^orrery: /);
  const before = jsonOf(await orrery("data", "info", to, "--json"))["episodes"] as number;
  expect(before).toBeGreaterThan(0);
  const more = await orrery(...record, "--episodes", "1", "--workers", "1", "--seed", "9", "--json");
  expect(jsonOf(more)).toMatchObject({ episodes: 1 });
  expect(jsonOf(await orrery("data", "info", to, "--json"))["episodes"]).toBe(before + 1);
});

test("Ctrl-C in a demo leaves what it needs to go on", async () => {
  const out = join(folder, "demo");
  const demo = ["demo", "--minutes", "0.5", "--out", out];
  const training = join(out, "store", "kitchen");
  const { child, ended } = start(...demo);
  await until(() => hasEpisodes(training), ended);
  child.kill("SIGINT");
  expect((await ended).code).toBe(1);
  const kept = jsonOf(await orrery("data", "info", training, "--json"))["episodes"] as number;
  expect(kept).toBeGreaterThan(0);
  expect(existsSync(join(out, "report.html"))).toBe(false);

  const again = start(...demo);
  await again.says(/record training episodes .* [1-9]\d*\/\d+ episodes/);
  again.child.kill("SIGINT");
  const firstLine = /record training episodes .* (\d+)\/\d+ episodes/.exec((await again.ended).stderr)?.[1];
  expect(Number(firstLine)).toBeGreaterThanOrEqual(kept);
  // Other settings would be another demo.
  const other = await orrery("demo", "--minutes", "0.6", "--out", out);
  expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("holds a demo of 0.5 minutes") });
});
