/**
 * How a policy is named on the command line and in result files: `random`, `hold`, `expert`, or a run folder, followed
 * by options as `:key=value`. `runs/jepa:search=mppi:samples=128`.
 */
import { UsageError } from "@orrery/core";

export interface PolicySpec {
  /** A policy's name, or the path of a run folder. */
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
}

/** @throws {UsageError} if the name is empty or an option is not of the form key=value */
export function parsePolicySpec(text: string): PolicySpec {
  const [name = "", ...parts] = text.split(":");
  if (name === "") throw new UsageError(`policy: a name or run folder must come first, got "${text}".`);
  const options: Record<string, string> = {};
  for (const part of parts) {
    const at = part.indexOf("=");
    if (at < 1 || at === part.length - 1) {
      throw new UsageError(`policy ${name}: options are written as key=value, got "${part}" in "${text}".`);
    }
    options[part.slice(0, at)] = part.slice(at + 1);
  }
  return { name, options };
}
