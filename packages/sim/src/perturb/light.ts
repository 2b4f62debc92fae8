import type { Rgb } from "../render/scene.ts";
import { type Family, blend } from "./family.ts";

/** Darker or brighter, tinted, and from a lower angle. */
export const light: Family = {
  name: "light",
  summary: "Strength, colour and direction of the light.",
  room(room, strength, rng) {
    const gain = rng.chance(0.6) ? blend(1, 0.3, strength) : blend(1, 1.5, strength);
    const tint = [0, 1, 2].map(() => 1 + strength * rng.uniform(-0.35, 0.35));
    const dim = blend(1, rng.uniform(0.45, 1.2), strength);
    const times = (colour: Rgb, k: number): Rgb => [
      colour[0] * k * tint[0]!,
      colour[1] * k * tint[1]!,
      colour[2] * k * tint[2]!,
    ];
    const azimuth = rng.uniform(0, 2 * Math.PI);
    // Low from the side: long shadows. Blended with the drawn direction and brought back to length 1.
    const low = [0.9 * Math.cos(azimuth), 0.9 * Math.sin(azimuth), 0.44] as const;
    const [x, y, z] = room.light.direction;
    const mixed = normalise([
      blend(x, low[0], strength),
      blend(y, low[1], strength),
      blend(z, low[2], strength),
    ]);
    return {
      ...room,
      light: {
        direction: mixed,
        colour: times(room.light.colour, gain),
        sky: times(room.light.sky, dim),
        ground: times(room.light.ground, dim),
      },
    };
  },
};

function normalise([x, y, z]: Rgb): Rgb {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}
