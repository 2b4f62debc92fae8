/** How much states change, as a scale to tell changes on. */
import type { ClipEpisode } from "@orrery/data";

/** Root mean square change of each number of the state over `rows` rows; null where no state was recorded. */
export function changeScale(episodes: readonly ClipEpisode[], rows: number): Float32Array | null {
  const widths = episodes.map(({ columns: { state, length } }) => (state?.length ?? 0) / length);
  const sum = new Float64Array(Math.max(0, ...widths));
  let count = 0;
  for (const { columns } of episodes) {
    const { state, stateMask, length } = columns;
    if (state === null) continue;
    const P = state.length / length;
    for (let row = 0; row + rows < length; row += rows) {
      const to = row + rows;
      if (stateMask[row] !== 1 || stateMask[to] !== 1) continue;
      count++;
      for (let i = 0; i < P; i++)
        sum[i] = (sum[i] as number) + ((state[to * P + i] as number) - (state[row * P + i] as number)) ** 2;
    }
  }
  return count === 0 ? null : Float32Array.from(sum, (each) => Math.sqrt(each / count));
}
