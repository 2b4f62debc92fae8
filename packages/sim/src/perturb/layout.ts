import { drawObjects, footprintOf, kindsWith } from "../scene/draw.ts";
import { furnitureDiscs } from "../scene/furniture.ts";
import type { Family } from "./family.ts";

/** A table of another height, and things on it that the task does not need. */
export const layout: Family = {
  name: "layout",
  summary: "Table height, and up to five distractors.",
  room(room, strength, rng) {
    const shift = strength * rng.uniform(-0.05, 0.05);
    const { table, start } = room;
    return {
      ...room,
      table: { ...table, topM: table.topM + shift },
      start: { ...start, tools: start.tools.map(([x, y, z]) => [x, y, z + shift] as const) },
    };
  },
  scene(scene, strength, rng) {
    // Distractors keep off the straight ways between the task's own things.
    const own = [...scene.objects, ...scene.marks];
    const lanes = own.flatMap((a) =>
      own.map((b) => ({
        pos: [(a.pos[0] + b.pos[0]) / 2, (a.pos[1] + b.pos[1]) / 2] as const,
        radiusM: Math.max(0.05, footprintOf(a)),
      })),
    );
    return drawObjects(rng, scene, kindsWith(scene, "graspable"), Math.round(5 * strength), [
      ...lanes,
      ...furnitureDiscs(scene),
    ]);
  },
};
