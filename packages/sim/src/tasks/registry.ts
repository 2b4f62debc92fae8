/** Every task by name. Add yours here. */
import { UsageError } from "@orrery/core";
import { push } from "./push.ts";
import { reach } from "./reach.ts";
import type { Task } from "./task.ts";

export const TASKS: readonly Task[] = [reach, push];

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
