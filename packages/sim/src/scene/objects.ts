/** The kinds of loose objects that training draws from, as a table. To add one, add an entry to a file of kinds/. */
import { UsageError, didYouMean } from "@orrery/core";
import { BLOCKS } from "./kinds/blocks.ts";
import { CONTAINERS } from "./kinds/containers.ts";
import { FRUIT } from "./kinds/fruit.ts";
import { HOUSEHOLD } from "./kinds/household.ts";
import { VESSELS } from "./kinds/vessels.ts";
import type { ObjectKind } from "./object-kind.ts";

export type { ObjectKind, Part, Shape, Trait } from "./object-kind.ts";

export const OBJECT_KINDS: readonly ObjectKind[] = [
  ...BLOCKS,
  ...FRUIT,
  ...VESSELS,
  ...HOUSEHOLD,
  ...CONTAINERS,
];

/**
 * The kind of this name, among those given: all that training draws from, unless told otherwise.
 * @throws {UsageError} if there is no such kind
 */
export function kindNamed(name: string, kinds: readonly ObjectKind[] = OBJECT_KINDS): ObjectKind {
  const kind = kinds.find((known) => known.name === name);
  if (!kind) {
    const names = kinds.map((each) => each.name);
    throw new UsageError(
      `kindNamed: the object must be one of ${names.join(", ")}, got "${name}".${didYouMean(name, names)}`,
    );
  }
  return kind;
}
