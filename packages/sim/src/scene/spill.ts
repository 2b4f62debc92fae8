/** A spill: flat drops on the table. Which of them are wiped away is kept in the physics' user data, 1 where gone. */
import type { Rng } from "@orrery/core";
import type { Vec3 } from "../control/vec.ts";
import type { Look } from "../render/scene.ts";
import { el } from "./mjcf.ts";
import type { SceneSpec, SpillSpec, TableSpec } from "./scene-spec.ts";

/** Radius of a drop, and the pitch of the grid that drops lie on; a little less than touching looks like one patch. */
const DROP_RADIUS_M = 0.0115;
const PITCH_M = 0.017;
const HALF_HEIGHT = 0.0008;

/** A ragged round patch. */
export function drawSpill(
  rng: Rng,
  name: string,
  pos: readonly [number, number],
  radiusM: number,
  look: Look,
): SpillSpec {
  const reach = Math.ceil(radiusM / PITCH_M);
  const drops: [number, number][] = [];
  for (let i = -reach; i <= reach; i++) {
    for (let j = -reach; j <= reach; j++) {
      const jitter = (): number => rng.uniform(-0.003, 0.003);
      const [dx, dy] = [i * PITCH_M + jitter(), j * PITCH_M + jitter()];
      const edge = radiusM * rng.uniform(0.75, 1);
      if (Math.hypot(dx, dy) < edge) drops.push([dx, dy]);
    }
  }
  return { name, pos, radiusM, drops, look };
}

export function spiltDrops(spill: SpillSpec, { topM }: TableSpec, looks: Map<string, Look>): string {
  return spill.drops
    .map(([dx, dy], i) => {
      const name = dropName(spill, i);
      looks.set(name, spill.look);
      return el("geom", {
        name,
        class: "paint",
        type: "cylinder",
        size: [DROP_RADIUS_M, HALF_HEIGHT],
        pos: [spill.pos[0] + dx, spill.pos[1] + dy, topM + HALF_HEIGHT],
      });
    })
    .join("");
}

/** Name of the geom of drop `i`. */
export function dropName(spill: SpillSpec, i: number): string {
  return `${spill.name}_${i}`;
}

/** Middles (world) of the drops that are still there. */
export function dropsLeft({ spills, table }: SceneSpec, wiped: Float64Array): Vec3[] {
  return spills
    .flatMap(({ pos, drops }) => drops.map(([dx, dy]): Vec3 => [pos[0] + dx, pos[1] + dy, table.topM]))
    .filter((_, i) => wiped[i] === 0);
}
