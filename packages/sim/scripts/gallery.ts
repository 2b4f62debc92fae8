/**
 * Makes the pictures of docs/sim.md: `npx tsx packages/sim/scripts/gallery.ts`. One row per task, one per
 * perturbation family, and the second body from both of its cameras.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { encodePng } from "@orrery/data";
import { FAMILIES, type FilmOptions, TASKS, filmEpisodes } from "../src/index.ts";
import { evenly, gridOf } from "../src/record/contact-sheet.ts";
import type { Image } from "@orrery/core";

const OUT = new URL("../../../docs/images/", import.meta.url);
const SIZE = 80;
const COLUMNS = 8;
mkdirSync(OUT, { recursive: true });

await save(
  "sim-tasks.png",
  TASKS.map((task) => ({ task: task.name, seed: 3 })),
);
await save(
  "sim-families.png",
  FAMILIES.map(({ name }) => ({ task: "pick", seed: 8, split: `novel-${name}` })),
);

await save("sim-arm6.png", [
  { task: "push", body: "arm6", camera: "overview" },
  { task: "push", body: "arm6", camera: "wrist" },
]);

/** One row of pictures per item. */
async function save(name: string, rows: readonly FilmOptions[]): Promise<void> {
  const strips: Image[][] = [];
  for (const row of rows) {
    for await (const film of filmEpisodes(1, { ...row, size: SIZE })) {
      console.log(row.split ?? row.task, row.body ?? "", film.caption);
      strips.push(evenly(film.images, COLUMNS));
    }
  }
  writeFileSync(new URL(name, OUT), await encodePng(gridOf(strips)));
}
