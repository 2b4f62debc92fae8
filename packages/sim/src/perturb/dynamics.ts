/** The two families that no picture shows: mass and friction of the loose objects. */
import { type Family, blend } from "./family.ts";

export const mass: Family = {
  name: "mass",
  summary: "Mass of the objects, a third to three times.",
  scene: (scene, strength, rng) => ({
    ...scene,
    objects: scene.objects.map((object) => ({
      ...object,
      massKg: object.massKg * (rng.chance(0.5) ? 3 : 1 / 3) ** strength,
    })),
  }),
};

export const friction: Family = {
  name: "friction",
  summary: "Sliding friction of the objects, from slippery to sticky.",
  scene: (scene, strength, rng) => ({
    ...scene,
    objects: scene.objects.map((object) => ({
      ...object,
      friction: blend(object.friction, rng.chance(0.5) ? 0.25 : 1.6, strength),
    })),
  }),
};
