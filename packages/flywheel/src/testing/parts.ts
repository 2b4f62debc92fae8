/** A flywheel's parts for tests: PushT without pictures, and a trainer that learns a fixed skill from each dataset at once. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeJsonAtomic } from "@orrery/core/node";
import { openDataset, readMixture } from "@orrery/data";
import { recordPushT } from "@orrery/sim";
import type { FlywheelParts } from "../loop/parts.ts";
import { SELECTION_DEFAULTS, type FlywheelSettings } from "../loop/settings.ts";

export const fakeSettings: FlywheelSettings = {
  minutes: 1,
  tasks: ["pusht"],
  homes: "seen",
  rounds: 2,
  robots: 1,
  seed: 3,
  config: "fake",
  body: null,
  cameras: null,
  planner: "",
  expertEpisodes: 2,
  playEpisodes: 1,
  expertSec: null,
  playSec: 3,
  fleetEpisodes: 4,
  baseMinutes: 1,
  roundMinutes: 1,
  baseSteps: null,
  roundSteps: null,
  trials: 5,
  margin: 0.05,
  fleetShare: 0.4,
  fleetBoost: 4,
  episodeSec: 20,
  fleetSec: null,
  takeoverSec: null,
  answerSec: 60,
  selection: SELECTION_DEFAULTS,
};

/** Of a model that never saw a fleet, and what each fleet's data add. */
const BASE_SKILL = 0.3;
const SKILL_PER_FLEET = 0.4;

export const fakeParts: FlywheelParts = {
  policyModule: new URL("./policies.ts", import.meta.url).href,
  references: [],
  operator: "expert",
  check: () => {},
  policyOf: (run) => run,
  minFrames: () => 2,
  async record({ operator, episodes, seed, to, timeLimitSec, signal }) {
    const there = existsSync(to) ? (await openDataset(to)).episodes.length : 0;
    if (there >= episodes) return;
    const board = { imageSizePx: 0, actions: "delta", timeLimitSec: timeLimitSec ?? 3 } as const;
    await recordPushT({
      operator,
      episodes: episodes - there,
      seed,
      to,
      ...board,
      ...(signal === undefined ? {} : { signal }),
    });
  },
  async train({ out, mixture, length, seed }) {
    const { sources } = await readMixture(mixture);
    const fleets = sources.filter(({ stream }) => stream === "fleet").length;
    const skill = BASE_SKILL + SKILL_PER_FLEET * fleets;
    mkdirSync(out, { recursive: true });
    writeJsonAtomic(join(out, "config.json"), { kind: "fake", skill });
    writeFileSync(join(out, "model.safetensors"), `${skill} of ${seed}, ${out.split("/").at(-1)}`);
    if ("steps" in length) return { steps: length.steps, seconds: 0 };
    return { steps: { fake: "mainSteps" in length ? length.mainSteps : 100 * length.minutes }, seconds: 0 };
  },
};
