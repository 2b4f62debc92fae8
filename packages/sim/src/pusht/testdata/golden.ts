/**
 * The episodes that are compared with Chipmunk2D, and the program that records what Chipmunk does in them.
 *
 *   cc -O2 chipmunk-pusht.c -o /tmp/chipmunk-pusht -lchipmunk -lm     (Debian: libchipmunk-dev 7.0.3)
 *   node --import tsx golden.ts /tmp/chipmunk-pusht > chipmunk-golden.json
 *
 * Record again only when the episodes below change, never to make a failing test pass. The seeds are those in which
 * the T is pushed, alone or against one wall, but not jammed between several shapes at once: there the result
 * depends on the order in which contacts are solved, which in Chipmunk follows its spatial tree.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { makeRng } from "@orrery/core";
import { layoutOfSeed, type Layout } from "../layout.ts";

export interface GoldenEpisode {
  readonly seed: number;
  readonly friction: number;
  /** T x, y, angle after each control step. */
  readonly block: readonly (readonly [number, number, number])[];
}

export const GOLDEN_EPISODES = [
  { seed: 5, friction: 0 },
  { seed: 8, friction: 0 },
  { seed: 15, friction: 0 },
  { seed: 16, friction: 0 },
  { seed: 24, friction: 0 },
  { seed: 83, friction: 0 }, // against a wall
  { seed: 175, friction: 0 }, // against a wall
  { seed: 4, friction: 0.5 },
  { seed: 15, friction: 0.5 },
  { seed: 24, friction: 0.5 },
] as const;
const STEPS = 40;

/** Layout and targets of an episode: sweeps through the T and beyond at the pace of a hand. */
export function goldenEpisode(seed: number): {
  layout: Layout;
  targets: readonly (readonly [number, number])[];
} {
  const rng = makeRng(seed, "pusht", "golden");
  const layout = layoutOfSeed(seed);
  let [x, y] = layout.agent;
  let goal = { x: layout.block.x, y: layout.block.y };
  const targets = Array.from({ length: STEPS }, () => {
    const dx = goal.x - x;
    const dy = goal.y - y;
    const pace = Math.min(1, 22 / Math.hypot(dx, dy));
    x += dx * pace;
    y += dy * pace;
    if (pace === 1) goal = { x: rng.uniform(80, 430), y: rng.uniform(80, 430) };
    return [x, y] as const;
  });
  return { layout, targets };
}

/** What Chipmunk did. */
export function loadGolden(): readonly GoldenEpisode[] {
  return JSON.parse(
    readFileSync(new URL("chipmunk-golden.json", import.meta.url), "utf8"),
  ) as GoldenEpisode[];
}

function record(program: string): readonly GoldenEpisode[] {
  return GOLDEN_EPISODES.map(({ seed, friction }) => {
    const { layout, targets } = goldenEpisode(seed);
    const { x, y, angle } = layout.block;
    const lines = [`R ${layout.agent.join(" ")} ${x} ${y} ${angle} ${friction}`];
    for (const target of targets) lines.push(`T ${target.join(" ")}`);
    const { stdout } = spawnSync(program, { input: `${lines.join("\n")}\n`, encoding: "utf8" });
    const states = stdout.split("\n").filter((line) => /^-?[\d.]+ /.test(line));
    const block = states.slice(1).map((line) => {
      const [, , bx = 0, by = 0, turn = 0] = line.split(" ").map(Number);
      return [bx, by, turn] as const;
    });
    return { seed, friction, block };
  });
}

if (process.argv[2] && import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  console.log(JSON.stringify(record(process.argv[2])));
}
