/** Instructions in several wordings. */
import type { Rng } from "@orrery/core";
import type { PlacedObject } from "../scene/scene-spec.ts";

/** Fills "{x}", "{y}" of one template with the colour and a noun of the objects, or with given words. */
export function phrase(
  rng: Rng,
  templates: readonly string[],
  ...things: readonly (PlacedObject | string)[]
): string {
  let text = rng.pick(templates);
  things.forEach((thing, i) => {
    text = text.replaceAll(`{${"xyz"[i]}}`, typeof thing === "string" ? thing : describe(rng, thing));
  });
  return text;
}

function describe(rng: Rng, object: PlacedObject): string {
  const noun = rng.pick(object.kind.nouns);
  // "orange orange" and "lemon" need no colour; a kind with one colour is never told apart by it.
  return object.kind.colours.length === 1 ? noun : `${object.colourName} ${noun}`;
}
