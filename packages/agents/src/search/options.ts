/** Options of searches: defaults filled in, unknown names and impossible numbers reported all at once. */
import { ConfigError } from "@orrery/core";

/** What each option may be, wherever it appears. */
const RANGES: Readonly<Record<string, readonly [low: number, high: number, isWhole: boolean]>> = {
  samples: [2, 100_000, true],
  elites: [1, 100_000, true],
  iterations: [1, 1000, true],
  momentum: [0, 0.99, false],
  minSpread: [0, 1, false],
  decay: [1, 10, false],
  keep: [0, 1, false],
  colour: [0, 6, false],
  temperature: [1e-4, 1e4, false],
  learningRate: [1e-6, 10, false],
};

/** @throws {ConfigError} listing every unknown option and every number out of range */
export function checkOptions<T extends object>(caller: string, defaults: T, given: Partial<T>): T {
  const problems: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (!(name in defaults)) {
      problems.push(`unknown option "${name}", known: ${Object.keys(defaults).join(", ")}`);
      continue;
    }
    const [low, high, isWhole] = RANGES[name] ?? [-Infinity, Infinity, false];
    const fits = typeof value === "number" && value >= low && value <= high;
    if (!fits || (isWhole && !Number.isInteger(value))) {
      problems.push(
        `${name} must be ${isWhole ? "a whole number" : "a number"} from ${low} to ${high}, got ${String(value)}`,
      );
    }
  }
  const config = { ...defaults, ...given };
  const { samples, elites } = config as { samples?: number; elites?: number };
  if (problems.length === 0 && samples !== undefined && elites !== undefined && elites > samples) {
    problems.push(`elites must not outnumber the ${samples} samples, got ${elites}`);
  }
  if (problems.length > 0) throw new ConfigError(caller, problems);
  return config;
}
