import type { Family } from "./family.ts";

/** The robot stands and holds its hands elsewhere when the episode begins. */
export const start: Family = {
  name: "start",
  summary: "Where the robot stands and holds its hands at the start.",
  room(room, strength, rng) {
    const shift = (most: number): number => strength * rng.uniform(-most, most);
    const { base, joints, tools } = room.start;
    return {
      ...room,
      start: {
        base: [base[0] + shift(0.06), base[1] + shift(0.1), base[2] + shift(0.2)],
        joints: {
          ...joints,
          waist: (joints["waist"] ?? 0) + shift(0.15),
          lift: (joints["lift"] ?? 0) + shift(0.06),
        },
        tools: tools.map(
          ([x, y, z]) => [x + shift(0.08), y + shift(0.1), z + strength * rng.uniform(0, 0.2)] as const,
        ),
      },
    };
  },
};
