/** Option values: text from the command line into numbers and ranges, with one clear message when it cannot be. */
import { InvalidArgumentError } from "commander";

/** A whole number of 0 or more. */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError(`It must be a whole number, got "${text}".`);
  return Number(text);
}

/** A whole number of 1 or more. */
export function positiveWhole(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError("It must be 1 or more, got 0.");
  return value;
}

/** A number above 0; fractions are fine. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError(`It must be a number above 0, got "${text}".`);
  }
  return value;
}

/** A number from 0 to 1, both included. */
export function fraction(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError(`It must be a number from 0 to 1, got "${text}".`);
  }
  return value;
}

/** The mixture (`orrery data mix`) among what `--data` names, if that is all it names. */
export function mixtureAmong(paths: readonly string[]): string | undefined {
  return paths.length === 1 && paths[0]?.endsWith(".json") ? paths[0] : undefined;
}

/** Names parted by commas, at least one. */
export function nameList(text: string): string[] {
  const items = text.split(",").map((item) => item.trim());
  if (items.includes("")) throw new InvalidArgumentError(`Names are parted by single commas, got "${text}".`);
  return items;
}

/** Episode indices in rising order: "0-63", "3", "0-3,7,9-11"; both ends of a range belong to it. */
export function episodeList(text: string): number[] {
  const indices = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^\s*(\d+)(?:\s*-\s*(\d+))?\s*$/.exec(part);
    if (!match) throw new InvalidArgumentError(`Write episodes as 0-63 or 3,7,9-11, got "${text}".`);
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first) throw new InvalidArgumentError(`The range ${part.trim()} runs backwards.`);
    for (let i = first; i <= last; i++) indices.add(i);
  }
  return [...indices].toSorted((a, b) => a - b);
}
