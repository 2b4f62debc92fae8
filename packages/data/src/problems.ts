/**
 * What is wrong with a dataset, kept as a list instead of thrown away or thrown: others' recordings have quirks,
 * and a quirk in one episode must not cost the other eighty.
 */

/** "error": something cannot be used; "warning": usable, but not what it claims; "note": worth knowing. */
export type Severity = "error" | "warning" | "note";

export interface Problem {
  readonly severity: Severity;
  /** File, episode or feature concerned, relative to the dataset. */
  readonly where: string;
  /** What must hold and what was found. */
  readonly message: string;
  /** What to do about it. */
  readonly cure: string;
}

/** Collects problems; the same finding about the same place is kept once. */
export class Problems {
  readonly #list: Problem[] = [];
  readonly #seen = new Set<string>();

  add(severity: Severity, where: string, message: string, cure: string): void {
    const key = `${severity}\n${where}\n${message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#list.push({ severity, where, message, cure });
  }

  /** In the order found. The array grows as more is read. */
  get list(): readonly Problem[] {
    return this.#list;
  }
}

/** "3, 4, 7 and 12 more" for messages about many episodes. */
export function shortList(items: readonly (string | number)[], shown = 5): string {
  if (items.length <= shown) return items.join(", ");
  return `${items.slice(0, shown).join(", ")} and ${items.length - shown} more`;
}
