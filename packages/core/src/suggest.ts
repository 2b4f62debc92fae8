/** "Did you mean ...?": the known names that a mistyped one is nearest to. */

/** Share of a name that may be mistyped before a suggestion would be a guess. */
const MOST_WRONG = 0.4;

/**
 * The end of an error message about an unknown name: ` Did you mean "put-in-bowl"?` (with the leading blank), or
 * nothing where no known name is near. A name that only lacks its beginning or end counts as near.
 */
export function didYouMean(name: string, known: Iterable<string>): string {
  const wanted = name.toLowerCase();
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const lower = candidate.toLowerCase();
    const isPart = wanted.length > 2 && (lower.includes(wanted) || wanted.includes(lower));
    const distance = isPart ? 1 : editDistance(wanted, lower);
    const isNear = distance <= MOST_WRONG * Math.max(wanted.length, lower.length);
    if (isNear && (best === undefined || distance < best.distance)) best = { name: candidate, distance };
  }
  return best ? ` Did you mean "${best.name}"?` : "";
}

/** Fewest letters to insert, delete, change, or swap with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1));
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}
