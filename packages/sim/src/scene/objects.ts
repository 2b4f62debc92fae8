/** The kinds of loose objects that training draws from, as a table. To add one, add an entry to a file of kinds/. */
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
