/** What the options of a planner mean, written as `RUN:search=mppi:samples=64:towards=tool_position`. */
import { UsageError } from "@orrery/core";
import { isPlannerOption } from "../planner/options.ts";
import type { PlannedParts } from "../planner/planner.ts";

export interface PlannerSpec {
  /** As it is written; what it is where it is left out depends on the model. */
  readonly search: string | undefined;
  readonly parts: PlannedParts;
  readonly planning: Readonly<Record<string, number>>;
  /** All other numbers: the search's, if it knows them. */
  readonly searching: Readonly<Record<string, number>>;
}

const PARTS: readonly string[] = ["still", "binary", "towards"] satisfies (keyof PlannedParts)[];

/**
 * @param owner what an option belongs to, as "policy runs/jepa:"
 * @throws {UsageError} if an option that must be a number is none
 */
export function readPlannerSpec(owner: string, options: Readonly<Record<string, string>>): PlannerSpec {
  const { search, ...rest } = options;
  const parts: Record<string, readonly string[]> = {};
  const planning: Record<string, number> = {};
  const searching: Record<string, number> = {};
  for (const [key, text] of Object.entries(rest)) {
    if (PARTS.includes(key)) {
      parts[key] = text.split("+");
      continue;
    }
    const value = Number(text);
    if (Number.isNaN(value)) throw new UsageError(`${owner} ${key} must be a number, got "${text}".`);
    (isPlannerOption(key) ? planning : searching)[key] = value;
  }
  return { search, parts, planning, searching };
}
