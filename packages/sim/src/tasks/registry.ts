/** Every task by name. Add yours here. */
import { UsageError } from "@orrery/core";
import { closeDrawer, openDrawer } from "./drawer.ts";
import { pick } from "./pick.ts";
import { push } from "./push.ts";
import { putInBowl } from "./put-in-bowl.ts";
import { reach } from "./reach.ts";
import { stack } from "./stack.ts";
import type { Task } from "./task.ts";

export const TASKS: readonly Task[] = [reach, push, pick, putInBowl, stack, openDrawer, closeDrawer];

/** @throws {UsageError} if there is no such task */
export function taskNamed(name: string): Task {
  const task = TASKS.find((known) => known.name === name);
  if (!task) {
    throw new UsageError(
      `taskNamed: the task must be one of ${TASKS.map((t) => t.name).join(", ")}, got "${name}".`,
    );
  }
  return task;
}
