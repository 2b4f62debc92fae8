import { NOVEL_KINDS } from "../scene/novel-objects.ts";
import { OBJECT_KINDS } from "../scene/objects.ts";
import type { Family } from "./family.ts";

/** Shapes never seen in training take the place of known ones, and known ones change size. */
export const objects: Family = {
  name: "objects",
  summary: "Object shapes and sizes never seen in training.",
  room(room, strength, rng) {
    const grown = OBJECT_KINDS.map((kind) => {
      // Smaller as well as larger, but nothing the fingers could not hold.
      const factor = 1 + strength * (rng.chance(0.5) ? -0.2 : 0.08);
      return { ...kind, sizeM: [kind.sizeM[0] * factor, kind.sizeM[1] * factor] as const };
    });
    // Only the kinds that new shapes can stand in for are dropped: a bowl stays a bowl.
    const kept = grown.filter((kind) => kind.traits.includes("container") || !rng.chance(strength));
    return {
      ...room,
      // What a task needs by name stays what it is, in its new size.
      catalogue: { ...room.catalogue, named: grown, kinds: [...kept, ...(strength > 0 ? NOVEL_KINDS : [])] },
    };
  },
};
