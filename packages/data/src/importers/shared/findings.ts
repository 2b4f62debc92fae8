/** Looks at every step on its way through and counts what is wrong with its values; changes nothing. */
import type { Step } from "@orrery/core";

/** How many control periods a gap may last before it is called a jump. */
const JUMP_PERIODS = 5;

/** Counts per kind of trouble, with the first row where it was seen. */
export class Findings {
  readonly #counts = new Map<string, { count: number; firstRow: number }>();

  add(kind: string, row: number): void {
    const seen = this.#counts.get(kind);
    if (seen) seen.count++;
    else this.#counts.set(kind, { count: 1, firstRow: row });
  }

  list(): string[] {
    return [...this.#counts].map(
      ([kind, { count, firstRow }]) =>
        `${kind} (${count} ${count === 1 ? "row" : "rows"}, first row ${firstRow})`,
    );
  }
}

/** Passes steps on unchanged, noting values that are not finite and clocks that jump or run backwards. */
export async function* watched(
  steps: AsyncIterable<Step>,
  rateHz: number,
  findings: Findings,
): AsyncGenerator<Step> {
  let row = 0;
  let before: number | undefined;
  for await (const step of steps) {
    if (step.state && !allFinite(step.state)) findings.add("state holds NaN or infinity", row);
    if (step.action && !allFinite(step.action)) findings.add("action holds NaN or infinity", row);
    if (step.reward !== undefined && !Number.isFinite(step.reward)) findings.add("reward is not finite", row);
    for (const [name, values] of Object.entries(step.extra ?? {})) {
      if (!allFinite(values)) findings.add(`${name} holds NaN or infinity`, row);
    }
    const now = step.timestampSec;
    if (now !== undefined && before !== undefined) {
      if (!(now > before)) findings.add("clock stands still or runs backwards", row);
      else if (now - before > JUMP_PERIODS / rateHz)
        findings.add(`clock jumps by more than ${JUMP_PERIODS} periods`, row);
    }
    before = now ?? before;
    row++;
    yield step;
  }
}

export function allFinite(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
