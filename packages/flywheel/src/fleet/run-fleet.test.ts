/** Robots that die or fall silent: their homes are gone to again, and given up only when that does not help. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TAKEOVER_ROW } from "@orrery/core";
import { openDataset } from "@orrery/data";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fakeParts } from "../testing/parts.ts";
import { runFleet, type FleetOptions } from "./run-fleet.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fleet-"));
  mkdirSync(join(root, "run"));
  writeFileSync(join(root, "run/config.json"), JSON.stringify({ skill: 0 }));
  writeFileSync(join(root, "run/model.safetensors"), "weights");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const options = (more: Partial<FleetOptions> = {}): FleetOptions => ({
  policyModule: fakeParts.policyModule,
  policy: join(root, "run"),
  operator: "r0-123",
  split: "seen",
  round: 1,
  episodeSec: 0.5,
  takeover: null,
  minRows: 1,
  orders: [0, 1, 2].map((index) => ({ index, task: "pusht", seed: 100 + index })),
  robots: 1,
  answerSec: 60,
  to: join(root, "store"),
  log: join(root, "log"),
  ...more,
});

test("a robot that is killed and one that stops answering are replaced and counted, and nothing is lost", async () => {
  writeFileSync(join(root, "run/dies"), "");
  const notes: string[] = [];
  const died = await runFleet(options({ onNote: (note) => notes.push(note) }));
  expect(died).toMatchObject({
    homes: 3,
    episodes: 3,
    frames: 15,
    restarts: { died: 1, silent: 0 },
    lost: [],
  });
  expect(notes[0]).toMatch(/ended by SIGKILL.*home 0 \(pusht\). Another robot is sent there./s);

  writeFileSync(join(root, "run/hangs"), "");
  const silent = await runFleet(
    options({ to: join(root, "store-2"), log: join(root, "log-2"), answerSec: 4 }),
  );
  expect(silent).toMatchObject({ homes: 3, episodes: 3, restarts: { died: 0, silent: 1 }, lost: [] });
  const seeds = async (name: string): Promise<unknown[]> =>
    (await openDataset(join(root, name))).episodes.map(({ provenance }) => provenance.seed);
  expect(await seeds("store")).toEqual([100, 101, 102]);
  expect(await seeds("store-2")).toEqual([100, 101, 102]);
});

test("a home in which robots always fall silent is given up and counted; the others are recorded", async () => {
  const orders = [0, 1].map((index) => ({ index, task: "pusht", seed: 100 + index }));
  await runFleet(options({ orders: orders.slice(0, 1) }));
  writeFileSync(join(root, "run/always-hangs"), "");
  const summary = await runFleet(options({ orders, answerSec: 2 }));
  expect(summary).toMatchObject({
    homes: 2,
    episodes: 1,
    restarts: { silent: 2 },
    lost: [{ home: 1, reason: "robots stopped answering" }],
  });
  const note = JSON.parse(readFileSync(join(root, "log/homes/1.json"), "utf8")) as { outcome: unknown };
  expect(note.outcome).toBeNull();
  // Asked again, it is still given up, and no robot is started.
  expect(await runFleet(options({ orders }))).toEqual(summary);
});

test("a policy that finds no action loses that episode from there on, and the fleet goes on", async () => {
  writeFileSync(join(root, "run/baffled-0"), "");
  writeFileSync(join(root, "run/baffled-3"), "");
  const notes: string[] = [];
  const summary = await runFleet(options({ onNote: (note) => notes.push(note) }));
  expect(summary).toMatchObject({
    homes: 3,
    episodes: 2,
    frames: 3 + 5,
    lost: [{ home: 0, reason: "the policy found no action" }],
    restarts: { died: 0, silent: 0 },
  });
  expect(summary.failures["the policy found no action"]).toBe(1);
  expect(notes).toEqual([
    "fleet: in home 0 (pusht) the policy found no action after 0 steps. all costs are NaN",
    "fleet: in home 1 (pusht) the policy found no action after 3 steps. all costs are NaN",
  ]);
  const { episodes } = await openDataset(join(root, "store"));
  expect(episodes.map(({ provenance }) => provenance.labels?.["failure"])[0]).toBe(
    "the policy found no action",
  );
});

test("an operator takes over what the fleet does not get done, and the episode says from where", async () => {
  const summary = await runFleet(options({ takeover: { policy: "expert", sec: 30 } }));
  const { episodes, frames, successes, takeovers } = summary;
  expect([episodes, successes, takeovers.episodes]).toEqual([3, 0, 3]);
  expect(takeovers.successes).toBeGreaterThan(0);
  expect(takeovers.frames).toBe(frames - 3 * 5);
  const recorded = (await openDataset(join(root, "store"))).episodes;
  expect(recorded.filter(({ success }) => success).length).toBe(takeovers.successes);
  for (const { provenance } of recorded) {
    expect(provenance.operator).toBe("r0-123");
    expect(provenance.labels).toMatchObject({ [TAKEOVER_ROW]: 5, takenOverBy: "expert" });
    expect(typeof provenance.labels?.["failure"]).toBe("string");
  }
});
