/**
 * Makes the pictures of docs/sim.md: `npx tsx packages/sim/scripts/gallery.ts`. One row per task, one per object
 * kind sheet, one per perturbation family.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { encodePng } from "@orrery/data";
import { FAMILIES, TASKS, contactSheet } from "../src/index.ts";
import type { Image } from "@orrery/core";

const OUT = new URL("../../../docs/images/", import.meta.url);
const SIZE = 96;
mkdirSync(OUT, { recursive: true });

await save(
  "sim-tasks.png",
  TASKS.map((task) => ({ task: task.name, seed: 3 })),
);
await save(
  "sim-families.png",
  FAMILIES.map(({ name }) => ({ task: "pick", seed: 8, split: `novel-${name}` })),
);

/** Stacks one row per item into a picture. */
async function save(
  name: string,
  rows: readonly { readonly task: string; readonly seed: number; readonly split?: string }[],
): Promise<void> {
  const sheets: Image[] = [];
  for (const row of rows) {
    const { image, captions } = await contactSheet({ ...row, rows: 1, columns: 8, size: SIZE });
    console.log(row.split ?? row.task, captions[0]);
    sheets.push(image);
  }
  writeFileSync(new URL(name, OUT), await encodePng(stack(sheets)));
}

function stack(images: readonly Image[]): Image {
  const width = images[0]!.width;
  const height = images.reduce((sum, image) => sum + image.height + 2, -2);
  const data = new Uint8Array(width * height * 3).fill(255);
  let top = 0;
  for (const image of images) {
    data.set(image.data, top * width * 3);
    top += image.height + 2;
  }
  return { width, height, data };
}
