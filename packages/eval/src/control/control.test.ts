import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRng, UsageError } from "@orrery/core";
import { takeLock } from "@orrery/core/node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FIRST_SEED, runControl, type ControlOptions } from "./control.ts";
import { summarize } from "./summary.ts";
import type { TrialRecord } from "./trial-log.ts";

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), "control-"));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

const options = (more: Partial<ControlOptions> = {}): ControlOptions => ({
  policies: ["stay"],
  tasks: ["pusht"],
  splits: ["seen"],
  trials: 2,
  seed: 0,
  out,
  policyModule: new URL("./policies.testing.ts", import.meta.url).href,
  workers: 1,
  films: 0,
  timeLimitSec: 1,
  ...more,
});
/** What does not depend on the clock. */
const facts = (records: readonly TrialRecord[]) =>
  records.map(({ decisionMs, msPerStep: _ms, ...rest }) => ({ ...rest, decisions: decisionMs.length }));

test("the expert solves boards on which staying fails, on the same seeds, with films of both ends", async () => {
  const { timeLimitSec: _none, ...rest } = options({ policies: ["expert", "stay"], films: 1, workers: 2 });
  const records = await runControl(rest);
  expect(records.length).toBe(4);
  const of = (policy: string) =>
    records.filter((r) => r.policy === policy).toSorted((a, b) => a.trial - b.trial);
  expect(of("expert").map(({ success }) => success)).toEqual([true, true]);
  expect(of("stay").map(({ success }) => success)).toEqual([false, false]);
  for (const policy of ["expert", "stay"]) {
    expect(of(policy).map(({ seed }) => seed)).toEqual([FIRST_SEED, FIRST_SEED + 1]);
  }
  for (const { steps, failure, decisionMs, secondsToSuccess } of of("stay")) {
    expect([steps, failure, decisionMs.length, secondsToSuccess]).toEqual([
      300,
      "time ran out: never touched the T",
      300,
      null,
    ]);
  }
  const [first] = of("expert");
  expect(first?.secondsToSuccess).toBeCloseTo((first?.steps ?? 0) / 10, 9);
  const films = records.flatMap(({ video }) => video ?? []);
  // Two processes may film the same outcome at once.
  expect(films.length).toBeGreaterThanOrEqual(2);
  for (const film of films) expect(readFileSync(join(out, film)).subarray(4, 8).toString()).toBe("ftyp");

  const { cells, differences } = summarize(records, makeRng(0));
  expect(cells.map(({ policy, successes, trials }) => [policy, successes, trials])).toEqual([
    ["expert", 2, 2],
    ["stay", 0, 2],
  ]);
  expect(differences[0]).toMatchObject({ first: "expert", second: "stay", pairs: 2, success: { value: 1 } });
});

test("a run goes on where it stopped, and a line cut off by a crash is run again", async () => {
  const whole = facts(await runControl(options({ trials: 3 })));
  const path = join(out, "trials.jsonl");
  const lines = readFileSync(path, "utf8").split("\n");
  writeFileSync(path, `${lines[0]}\n${lines[1]?.slice(0, 40)}`);
  const seen: number[] = [];
  const again = await runControl(options({ trials: 3, onProgress: ({ done }) => seen.push(done) }));
  expect(seen).toEqual([1, 2, 3]);
  expect(facts(again).toSorted((a, b) => a.trial - b.trial)).toEqual(whole);
  // Fewer trials asked for: the others stay in the file.
  expect((await runControl(options({ trials: 1 }))).length).toBe(1);
  expect(readFileSync(path, "utf8").split("\n").length).toBe(4);
});

test("a process that is killed loses its trial only, which is begun anew; one that always dies is named", async () => {
  const notes: string[] = [];
  const once = `dies:${join(out, "died")}`;
  const run = runControl(options({ policies: [once, "dies"], onNote: (note) => notes.push(note) }));
  await expect(run).rejects.toThrow(/trial 0 of dies on pusht, seen brought its process down 2 times/);
  expect(notes[0]).toMatch(/ended by SIGKILL.*Trying trial 0 of dies:.* on pusht, seen again/s);
  expect(notes[1]).toMatch(/Trying trial 0 of dies on/);
  const kept = readFileSync(join(out, "trials.jsonl"), "utf8").trim().split("\n");
  expect(kept.map((line) => (JSON.parse(line) as TrialRecord).policy)).toEqual([once, once]);
});

test("Ctrl-C keeps what is finished", async () => {
  const controller = new AbortController();
  const stopping = runControl(
    options({
      trials: 5,
      signal: controller.signal,
      onProgress: ({ done }) => done === 2 && controller.abort(),
    }),
  );
  await expect(stopping).rejects.toThrow(/stopped after 2 of 5 trials/);
  expect(readFileSync(join(out, "trials.jsonl"), "utf8").split("\n").length).toBe(3);
});

test("what does not belong together is refused", async () => {
  const settings = { format: 1, seed: 0, strength: 1, timeLimitSec: 1 };
  writeFileSync(join(out, "settings.json"), JSON.stringify(settings));
  const record = { policy: "stay", task: "pusht", split: "seen", trial: 0, fingerprint: "" };
  writeFileSync(join(out, "trials.jsonl"), `${JSON.stringify(record)}\n`);
  expect((await runControl(options({ trials: 1 }))).length).toBe(1);
  await expect(runControl(options({ trials: 1, seed: 1 }))).rejects.toThrow(/seed is 0, asked for 1/);
  process.env["TEST_FINGERPRINT"] = "retrained";
  try {
    await expect(runControl(options())).rejects.toThrow(/holds trials of "stay" with other weights/);
  } finally {
    delete process.env["TEST_FINGERPRINT"];
  }
  const release = takeLock(join(out, "lock"), "test", out);
  await expect(runControl(options())).rejects.toThrow(/is being written by process/);
  release();
  appendFileSync(join(out, "trials.jsonl"), "not json\n");
  await expect(runControl(options())).rejects.toThrow(/line 2 of .*trials.jsonl must be one trial/);
});

test("wrong use is refused before anything runs", async () => {
  await expect(runControl(options({ trials: 0, workers: 0 }))).rejects.toThrow(
    /trials must be.*workers must be/,
  );
  await expect(runControl(options({ policies: ["stay", "stay"] }))).rejects.toThrow(/"stay" twice/);
  await expect(runControl(options({ tasks: ["fly"] }))).rejects.toThrow(
    /the task must be one of reach, .*got "fly"/,
  );
  await expect(runControl(options({ splits: ["novel-light"] }))).rejects.toThrow(
    /split of pusht must be one of seen/,
  );
  await expect(runControl(options({ policies: ["who"] }))).rejects.toThrow(UsageError);
});
