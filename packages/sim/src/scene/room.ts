/** What stands still around the table: floor, walls, and a kitchen counter along the back wall. */
import { cameraAxes } from "../bodies/camera-axes.ts";
import type { Look } from "../render/scene.ts";
import { el } from "./mjcf.ts";
import type { CounterSpec, SceneSpec } from "./scene-spec.ts";

/** From the middle of the room to its walls, m. */
const WALL_M = 2.4;
const GRIP: Look = { colour: [0.3, 0.3, 0.32], gloss: 0.5 };
/** Half sizes of the counter's body: depth, width, height. */
const COUNTER_HALF = [0.28, 1.6, 0.43] as const;
const TOP_HALF_M = 0.02;

/**
 * A camera that no robot has: it looks over the counter at robot and table, for pictures that show people what
 * happens. Its name is refused where a robot's cameras are asked for.
 */
export const ROOM_CAMERA = "room";
const EYE = [1.85, 1.15, 1.75] as const;
const AIM = [0.42, 0, 0.9] as const;

export function roomGeoms(scene: SceneSpec, looks: Map<string, Look>): string {
  looks.set("floor", scene.floor);
  // Walls are planes that face the room: cheap to draw and to collide with.
  const wall = (name: string, pos: readonly number[], zaxis: readonly number[], kind = "env"): string => {
    looks.set(name, scene.wall);
    return el("geom", { name, class: kind, type: "plane", size: [5, 5, 0.1], pos, zaxis });
  };
  return [
    el("geom", { name: "floor", class: "env", type: "plane", size: [5, 5, 0.1] }),
    wall("wall_back", [WALL_M, 0, 0], [-1, 0, 0]),
    wall("wall_left", [0, WALL_M, 0], [0, -1, 0]),
    wall("wall_right", [0, -WALL_M, 0], [0, 1, 0]),
    wall("wall_front", [-WALL_M, 0, 0], [1, 0, 0], "paint"),
    counter(scene.counter, looks),
    roomCamera(),
  ].join("");
}

/** Cupboards under a worktop; nothing can reach them, so they are only seen. */
function counter({ frontLook, topLook }: CounterSpec, looks: Map<string, Look>): string {
  const [depth, width, height] = COUNTER_HALF;
  const x = WALL_M - depth;
  const box = (name: string, size: readonly number[], pos: readonly number[], look: Look): string => {
    looks.set(name, look);
    return el("geom", { name, class: "paint", type: "box", size, pos });
  };
  return [
    box("counter", [depth, width, height], [x, 0, height], frontLook),
    box(
      "counter_top",
      [depth + 0.03, width + 0.02, TOP_HALF_M],
      [x - 0.03, 0, 2 * height + TOP_HALF_M],
      topLook,
    ),
    // One strip instead of knobs: small things far apart would stretch the grid that shadows are looked up in.
    box("counter_grip", [0.01, width - 0.02, 0.012], [x - depth - 0.008, 0, 1.72 * height], GRIP),
  ].join("");
}

function roomCamera(): string {
  const away = AIM.map((aim, i) => aim - EYE[i]!) as [number, number, number];
  const length = Math.hypot(...away);
  const forward = [away[0] / length, away[1] / length, away[2] / length] as const;
  // Up, less its part along the view.
  const up = [-forward[2] * forward[0], -forward[2] * forward[1], 1 - forward[2] ** 2] as const;
  const norm = Math.hypot(...up);
  const upright = [up[0] / norm, up[1] / norm, up[2] / norm] as const;
  return el("camera", {
    name: ROOM_CAMERA,
    pos: EYE,
    xyaxes: cameraAxes(forward, upright, [0, 0, 0]),
    fovy: 43,
  });
}
