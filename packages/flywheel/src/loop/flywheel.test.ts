/** Whole flywheels on fakes: a model that learns at once, a world without pictures, real robots and real trials. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { TrialRecord } from "@orrery/eval/control";
import { openDataset } from "@orrery/data";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hashDataset } from "../registry/hashes.ts";
import { traceRelease } from "../registry/lineage.ts";
import { fakeParts, fakeSettings } from "../testing/parts.ts";
import { runFlywheel } from "./flywheel.ts";
import { FLEET_SEED, homeSeed } from "./settings.ts";
import type { FlywheelResult, Judged } from "./results.ts";

const root = mkdtempSync(join(tmpdir(), "flywheel-"));
const whole = join(root, "whole");
afterAll(() => rmSync(root, { recursive: true, force: true }));

let result: FlywheelResult;
const soFars: FlywheelResult[] = [];
beforeAll(async () => {
  result = await runFlywheel({
    out: whole,
    settings: fakeSettings,
    parts: fakeParts,
    onRound: (soFar) => soFars.push(soFar),
  });
}, 300_000);

test("new data help, more training does not, and the gate sees both", () => {
  // The fake's skill: 0.3 without a fleet, 0.7 and then 1.1 with one and two; the control never has one.
  const [first, second] = result.rounds.map(({ judged }) => judged) as [Judged, Judged];
  expect(first.champion.success).toBeLessThan(first.candidate.success);
  expect(first.control).toEqual({ ...first.champion, release: "c1" });
  expect(first.verdict.isPromoted).toBe(true);
  expect(first.beyondControl.success.value).toBe(first.verdict.difference.success.value);
  expect([second.champion, second.candidate, second.control].map(({ release }) => release)).toEqual([
    "r1",
    "r2",
    "c2",
  ]);
  expect(second.candidate.success).toBeGreaterThanOrEqual(first.candidate.success);
  for (const { selection, fleet, control, candidate } of result.rounds) {
    expect(fleet).toMatchObject({ homes: 4, episodes: 4, lost: [], restarts: { died: 0, silent: 0 } });
    expect(Object.values(selection.reasons).reduce((sum, n) => sum + n, 0)).toBe(4);
    expect(control.steps).toEqual(candidate.steps);
  }
  // After each round there was something to look at.
  expect(soFars.map(({ rounds, champion }) => [rounds.length, champion.name])).toEqual([
    [1, "r1"],
    [2, result.champion.name],
  ]);
  expect(soFars[1]?.rounds).toEqual(result.rounds);
});

test("the fleet's episodes say who acted, where, and how it ended, in homes nobody else is given", async () => {
  const { episodes } = await openDataset(join(whole, "store/fleet-1"));
  expect(episodes.map(({ provenance }) => provenance.seed)).toEqual(
    Array.from({ length: 4 }, (_, index) => homeSeed(fakeSettings.seed, 1, index)),
  );
  expect(homeSeed(0, 0, 0)).toBe(FLEET_SEED);
  // The largest seed of all flywheels is still a 32-bit number.
  expect(homeSeed(100_000, 20, 999)).toBeLessThan(2 ** 32);
  for (const { provenance, success } of episodes) {
    expect(provenance).toMatchObject({ stream: "fleet", operator: result.base.id });
    expect(provenance.labels?.["surprise"]).toBe(success ? 1 : 2 + ((provenance.seed ?? 0) % 7));
    expect(typeof provenance.labels?.["failure"]).toBe(success ? "undefined" : "string");
  }
});

/** Everything that a flywheel leaves, but for clocks and the folder's own name. */
async function digest(out: string): Promise<unknown> {
  const trials = readFileSync(join(out, "trials/trials.jsonl"), "utf8").trim().split("\n");
  const stripped = trials.map((line) => {
    const { decisionMs: _d, msPerStep: _m, video: _v, policy, ...rest } = JSON.parse(line) as TrialRecord;
    return JSON.stringify({ ...rest, policy: policy.slice(out.length) });
  });
  const fleets = [1, 2].map(async (round) => {
    const dataset = join(out, `store/fleet-${round}`);
    return hashDataset(
      dataset,
      (await openDataset(dataset)).episodes.map(({ index }) => index),
    );
  });
  return {
    trials: stripped.toSorted(),
    fleets: await Promise.all(fleets),
    selections: [1, 2].map((round) => readFileSync(join(out, `rounds/${round}/selection.jsonl`), "utf8")),
    releases: readdirSync(join(out, "releases")).map((name) => {
      const { id } = JSON.parse(readFileSync(join(out, "releases", name, "release.json"), "utf8")) as {
        id: string;
      };
      return id;
    }),
  };
}

function begin(out: string, ...flags: string[]): ChildProcess {
  const script = fileURLToPath(new URL("../testing/turn.ts", import.meta.url));
  return spawn(process.execPath, ["--import", "tsx", script, out, ...flags], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

async function killWhen(child: ChildProcess, isTime: () => boolean): Promise<void> {
  while (!isTime()) {
    if (child.exitCode !== null) throw new Error("the flywheel ended before it could be killed");
    await sleep(20);
  }
  child.kill("SIGKILL");
  await once(child, "exit");
}

test("killed within a fleet and within trials, it goes on to the same end", async () => {
  const out = join(root, "killed");
  const homes = (): number =>
    existsSync(join(out, "rounds/1/fleet/homes")) ? readdirSync(join(out, "rounds/1/fleet/homes")).length : 0;
  await killWhen(begin(out), () => homes() >= 2);
  expect(homes()).toBeLessThan(4);
  // The lock is still there; its owner is not.
  expect(existsSync(join(out, "lock"))).toBe(true);
  const log = join(out, "trials/trials.jsonl");
  const trials = (): number => readFileSync(log, "utf8").split("\n").length - 1;
  await killWhen(begin(out, "--resume"), () => trials() >= 7);
  const again = await runFlywheel({ out, settings: fakeSettings, parts: fakeParts, resume: true });
  expect(await digest(out)).toEqual(await digest(whole));
  expect(again.champion.name).toBe(result.champion.name);
}, 300_000);

test("a second flywheel on one store is told who holds it; a folder must fit what is asked", async () => {
  const out = join(root, "held");
  cpSync(whole, out, { recursive: true });
  const holder = { pid: process.ppid, host: hostname() };
  writeFileSync(join(out, "lock"), JSON.stringify(holder));
  const options = { out, settings: fakeSettings, parts: fakeParts };
  await expect(runFlywheel({ ...options, resume: true })).rejects.toThrow(
    `flywheel: ${out} is being written by process ${process.ppid} on ${hostname()}`,
  );
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  writeFileSync(join(out, "lock"), JSON.stringify({ ...holder, pid }));
  // How many robots there are is free.
  const resumed = await runFlywheel({ ...options, settings: { ...fakeSettings, robots: 3 }, resume: true });
  expect(resumed.rounds.length).toBe(2);
  await expect(runFlywheel(options)).rejects.toThrow(/holds a flywheel already. Add --resume/);
  const other = { ...fakeSettings, trials: 7 };
  await expect(runFlywheel({ ...options, settings: other, resume: true })).rejects.toThrow(
    /with other settings: trials is 5, asked for 7/,
  );
  await expect(runFlywheel({ ...options, out: join(root, "none"), resume: true })).rejects.toThrow(
    /must hold a flywheel to resume/,
  );
  await expect(runFlywheel({ ...options, settings: { ...other, rounds: 0, margin: 2 } })).rejects.toThrow(
    /rounds.*margin/,
  );
});

test("lineage leads back to every episode and forward to the trials, and sees what was changed", async () => {
  const out = join(root, "traced");
  cpSync(whole, out, { recursive: true });
  const trace = await traceRelease(join(out, "r2"));
  expect(trace.ancestors.map(({ name }) => name)).toEqual(["r2", "r1", "r0"]);
  expect(trace.ancestors[0]?.data.map(({ path, stream }) => [path, stream])).toEqual([
    ["store/pusht-expert", "sim"],
    ["store/pusht-play", "sim"],
    ["store/fleet-1", "fleet"],
    ["store/fleet-2", "fleet"],
  ]);
  expect([trace.missing, trace.tampering, trace.children]).toEqual([[], [], []]);
  expect(trace.trials).toMatchObject([{ task: "pusht", split: "seen", trials: 5 }]);
  expect((await traceRelease(join(out, "releases/r0"))).children).toEqual([
    result.rounds[0]?.control.id,
    result.rounds[0]?.candidate.id,
  ]);

  const weights = join(out, "releases/r1/model.safetensors");
  writeFileSync(weights, `${readFileSync(weights, "utf8")} `);
  rmSync(join(out, "store/pusht-play/data"), { recursive: true });
  const after = await traceRelease(join(out, result.rounds[1]?.candidate.id ?? ""));
  expect(after.tampering.map(({ release, path }) => `${release.slice(0, 2)} ${path}`)).toEqual([
    "r2 store/pusht-play",
    "r1 releases/r1/model.safetensors",
    "r1 store/pusht-play",
    "r0 store/pusht-play",
  ]);
  await expect(traceRelease(join(out, "r9"))).rejects.toThrow(
    /must be a release.*There are c1, c2, r0, r1, r2/,
  );
});
