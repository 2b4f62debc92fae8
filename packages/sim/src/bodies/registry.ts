/** The bodies there are, by name. */
import { UsageError } from "@orrery/core";
import type { Body } from "./body.ts";
import { arm6 } from "./arm6.ts";
import { neo } from "./neo.ts";

export const BODIES: Readonly<Record<string, Body>> = { neo, arm6 };

/** @throws {UsageError} if there is no such body */
export function bodyNamed(name: string): Body {
  const body = BODIES[name];
  if (!body) {
    throw new UsageError(
      `bodyNamed: the body must be one of ${Object.keys(BODIES).join(", ")}, got "${name}".`,
    );
  }
  return body;
}
