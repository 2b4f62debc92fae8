import { tensor, zeros } from "@orrery/torch";
import { expect, test } from "vitest";
import { centresOf } from "./places.ts";

test("the centre of one cell is its middle, of two cells half of the way between them", () => {
  const maps = zeros([3, 2 * 4]);
  maps.select(0, 0).select(0, 0).fill_(1); // upper left of 2 rows and 4 columns
  maps.select(0, 1).select(0, 7).fill_(1); // lower right
  maps.select(0, 2).select(0, 0).fill_(0.5);
  maps.select(0, 2).select(0, 7).fill_(0.5);
  const [x, y] = centresOf(maps, 2, 4);
  expect(x.toArray()).toEqual(tensor([-0.75, 0.75, 0]).toArray());
  expect(y.toArray()).toEqual(tensor([-0.5, 0.5, 0]).toArray());
});
