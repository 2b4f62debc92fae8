/** Every task by name. Add yours here. */
import { UsageError, didYouMean } from "@orrery/core";
import type { BodySpec } from "../bodies/body.ts";
import { clearTable } from "./clear-table.ts";
import { closeDrawer, openDrawer } from "./drawer.ts";
import { handOver } from "./hand-over.ts";
import { openDoor } from "./open-door.ts";
import { pick } from "./pick.ts";
import { push } from "./push.ts";
import { putInBowl } from "./put-in-bowl.ts";
import { putInDrawer } from "./put-in-drawer.ts";
import { putOnShelf } from "./put-on-shelf.ts";
import { reach } from "./reach.ts";
import { stack } from "./stack.ts";
import { takeFromShelf } from "./take-from-shelf.ts";
import type { Task } from "./task.ts";
import { wipe } from "./wipe.ts";

export const TASKS: readonly Task[] = [
  reach,
  push,
  pick,
  putInBowl,
  putOnShelf,
  takeFromShelf,
  stack,
  openDrawer,
  closeDrawer,
  putInDrawer,
  openDoor,
  wipe,
  handOver,
  clearTable,
];

/** @throws {UsageError} if there is no such task */
export function taskNamed(name: string): Task {
  const task = TASKS.find((known) => known.name === name);
  if (!task) {
    const names = TASKS.map((each) => each.name);
    throw new UsageError(
      `taskNamed: the task must be one of ${names.join(", ")}, got "${name}".${didYouMean(name, names)}`,
    );
  }
  return task;
}

/** @throws {UsageError} if there is no such task, or the body has too few arms for it */
export function taskFor({ name: body, arms }: BodySpec, name: string): Task {
  const task = taskNamed(name);
  const { minArms = 1 } = task;
  if (arms.length < minArms) {
    throw new UsageError(
      `taskFor: a body must have ${minArms} arms for ${name}, ${body} has ${arms.length}. Choose another task or body.`,
    );
  }
  return task;
}
