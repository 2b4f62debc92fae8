/** Seeds are 32-bit numbers: a larger one would give the same episodes as a smaller one without a word. */
export const MAX_SEED = 2 ** 32 - 1;

/** What is wrong with a seed, as part of a ConfigError; nothing where it is fine. */
export function seedProblems(seed: number): string[] {
  const isFine = Number.isInteger(seed) && seed >= 0 && seed <= MAX_SEED;
  return isFine ? [] : [`seed must be a whole number from 0 to ${MAX_SEED}, got ${seed}`];
}
