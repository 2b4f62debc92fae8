/** Pieces of a report that every page about trials shows alike. */
import type { Block, Cell, Measured } from "../report/index.ts";
import type { PairedSuccess } from "./paired-trials.ts";
import type { Estimate } from "./summary.ts";

/** A share as a cell in percent, or in points where it is a difference. */
export function inPercent({ value, ci95: [low, high] }: Estimate, n: number): Measured {
  return { value: 100 * value, ci95: [100 * low, 100 * high], n };
}

/** Who is compared with whom; the return only where it was worked out. */
export interface Compared extends PairedSuccess {
  readonly first: string;
  readonly second: string;
  readonly return?: Estimate;
}

/** One trial alone has no interval. */
export function measured({ value, ci95 }: Estimate): Cell {
  return Number.isNaN(ci95[0]) ? value : { value, ci95 };
}

/** First minus second, for every pair. */
export function differenceTable(compared: readonly Compared[]): Block {
  const hasReturn = compared.some((one) => one.return !== undefined);
  return {
    kind: "table",
    title: "Differences on equal seeds",
    rowHeading: "First minus second",
    columns: [
      { label: "success", unit: "points", digits: 0 },
      { label: "McNemar p", digits: 3 },
      ...(hasReturn ? [{ label: "return", digits: 1 }] : []),
    ],
    rows: compared.map(({ first, second, success, pairs, p, return: gain }) => ({
      label: `${first} - ${second}`,
      cells: [inPercent(success, pairs), p, ...(gain === undefined ? [] : [measured(gain)])],
    })),
    caption:
      "Newcombe's interval for paired rates, and McNemar's exact test: trials of equal seed are compared with each other, so scenes that are easy or hard for everybody cancel.",
  };
}
