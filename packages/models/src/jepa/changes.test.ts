import type { ClipEpisode } from "@orrery/data";
import { expect, test } from "vitest";
import { changeScale } from "./changes.ts";

function episode(state: readonly number[] | null, felt: readonly number[]): ClipEpisode {
  const columns = {
    length: felt.length,
    state: state === null ? null : Float32Array.from(state),
    stateMask: Uint8Array.from(felt),
  };
  return { columns } as unknown as ClipEpisode;
}

test("the scale of changes is their root mean square over so many rows, of what was felt at both ends", () => {
  // One number: 0 to 3 and 3 to 7 over two rows each; in the second episode only 0 to 1 was felt.
  const scale = changeScale(
    [
      episode([0, 9, 3, 9, 7], [1, 1, 1, 1, 1]),
      episode([0, 9, 1, 9, 50], [1, 0, 1, 1, 0]),
      episode(null, [0, 0]),
    ],
    2,
  );
  expect(scale).toHaveLength(1);
  expect(scale?.[0]).toBeCloseTo(Math.sqrt((9 + 16 + 1) / 3), 5);
  expect(changeScale([episode(null, [0, 0, 0])], 1)).toBeNull();
});
