/** One turn with nothing faked: operators, a joint-embedding model, robots that plan in it, trials, report, lineage. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderReport } from "@orrery/eval/report";
import { openDataset } from "@orrery/data";
import { afterAll, expect, test } from "vitest";
import { runFlywheel } from "../loop/flywheel.ts";
import { planFlywheel } from "../loop/plan.ts";
import { traceRelease } from "../registry/lineage.ts";
import { flywheelReport } from "../report/build.ts";
import { kitchenParts } from "./kitchen.ts";

const out = mkdtempSync(join(tmpdir(), "turn-"));
afterAll(() => rmSync(out, { recursive: true, force: true }));

test("a whole turn in the kitchen leaves releases that can be traced, a verdict and a report", async () => {
  const settings = planFlywheel({
    minutes: 0.1,
    tasks: ["reach"],
    rounds: 1,
    robots: 1,
    seed: 0,
    settings: {
      config: "jepa-debug",
      planner: ":samples=8:elites=2:iterations=1",
      expertEpisodes: 2,
      playEpisodes: 1,
      fleetEpisodes: 2,
      trials: 2,
      episodeSec: 2,
      playSec: 2,
      body: "arm6",
      cameras: [{ name: "overview", width: 64, height: 64 }],
      baseSteps: 12,
      roundSteps: 6,
    },
  });
  const result = await runFlywheel({
    out,
    settings,
    parts: kitchenParts(import.meta.resolve("@orrery/agents")),
  });

  const [round] = result.rounds;
  expect(round?.fleet).toMatchObject({ homes: 2, episodes: 2, lost: [] });
  const fleet = await openDataset(join(out, "store/fleet-1"));
  for (const { provenance } of fleet.episodes) {
    // A planner tells how surprised its model was.
    expect(provenance.labels?.["surprise"]).toBeGreaterThan(0);
  }
  // Operators, fleet and trials all have the body and the camera that were asked for.
  const play = await openDataset(join(out, "store/reach-play"));
  for (const { cameras, embodiment } of [fleet, play]) {
    expect([embodiment.name, cameras.map(({ name, width }) => [name, width])]).toEqual([
      "arm6",
      [["overview", 64]],
    ]);
  }
  expect(play.episodes.map(({ length }) => length)).toEqual([20]);
  const trialSettings: unknown = JSON.parse(readFileSync(join(out, "trials/settings.json"), "utf8"));
  expect(trialSettings).toMatchObject({ body: "arm6" });
  expect([result.base.steps["jepa"], round?.candidate.steps["jepa"]]).toEqual([12, 6]);
  expect(round?.control.steps).toEqual(round?.candidate.steps);

  expect(result.references.map(({ release, trials }) => [release, trials])).toEqual([
    ["random", 2],
    ["expert", 2],
  ]);

  const { ancestors, tampering, trials } = await traceRelease(join(out, "releases/r1"));
  expect(ancestors.map(({ name, role }) => [name, role])).toEqual([
    ["r1", "candidate"],
    ["r0", "base"],
  ]);
  expect(ancestors[0]?.data.map(({ stream }) => stream)).toContain("fleet");
  expect([tampering, trials[0]?.trials]).toEqual([[], 2]);
  // What r1 was trained on from is part of r0: of 12 steps 7 came before the decay.
  const { release } = await traceRelease(join(out, "releases/r0"));
  expect(release.files.map(({ path }) => path)).toContain("trunk/jepa-7/optimizer.safetensors");

  const page = renderReport(flywheelReport(result, { out, settings, facts: [] }));
  expect(page).toContain("r1: round 1");
  expect(page).toContain("video/mp4");
  const journal = JSON.parse(readFileSync(join(out, "journal.json"), "utf8")) as {
    steps: { name: string }[];
  };
  expect(journal.steps.map(({ name }) => name)).toEqual([
    "record",
    "train r0",
    "trials r0",
    "round 1: fleet",
    "round 1: select",
    "round 1: train",
    "round 1: control",
    "round 1: trials",
  ]);
}, 600_000);
