/** Free options of one format, checked once when a source is opened; unknown keys fail. */
import { ConfigError } from "@orrery/core";
import { z } from "zod";
import type { SourceOptions } from "../../source.ts";

/** @throws {ConfigError} naming every unknown key and every value out of range */
export function parseSettings<S extends z.ZodType>(
  format: string,
  schema: S,
  options: SourceOptions,
): z.output<S> {
  const result = schema.safeParse(options.settings ?? {});
  if (result.success) return result.data;
  throw new ConfigError(
    `import ${format} settings`,
    result.error.issues.map((issue) => `${issue.path.join(".") || "settings"}: ${issue.message}`),
  );
}

/** A control rate in Hz; strings are accepted because settings may come from a command line. */
export const rateSetting = z.coerce.number().positive().max(10_000);
