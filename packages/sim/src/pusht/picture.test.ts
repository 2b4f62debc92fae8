import { expect, test } from "vitest";
import { PushTPainter } from "./picture.ts";

const scene = { agent: [100, 400], block: { x: 380, y: 80, angle: 0 } } as const;

/** The colour at a point of the board. */
function colourAt(sizePx: number, x: number, y: number): number[] {
  const { data } = new PushTPainter(sizePx).draw(scene);
  const at = (Math.floor((y * sizePx) / 512) * sizePx + Math.floor((x * sizePx) / 512)) * 3;
  return Array.from(data.subarray(at, at + 3));
}

test.each([64, 96, 512])("published colours are where they belong at %i px", (size) => {
  expect(colourAt(size, 450, 450)).toEqual([255, 255, 255]);
  expect(colourAt(size, 256, 256 + 20)).toEqual([144, 238, 144]); // inside the goal's bar
  expect(colourAt(size, 100, 400)).toEqual([78, 126, 255]); // agent, inside its outline
  expect(colourAt(size, 380, 95)).toEqual([142, 163, 183]); // T, inside the bar
});

test("outlines and walls show their own colours at full size", () => {
  expect(colourAt(512, 100 + 13, 400)).toEqual([65, 105, 225]);
  expect(colourAt(512, 380, 80)).toEqual([119, 136, 153]); // outer edge of the bar
  expect(colourAt(512, 5, 256)).toEqual([211, 211, 211]);
});

test("painted area is the real area, whatever the size", () => {
  for (const size of [32, 64, 96]) {
    const { data } = new PushTPainter(size).draw({
      agent: [-100, -100],
      block: { x: -300, y: -300, angle: 0 },
    });
    // Goal only: red falls from 255 to 144 by the share that is covered. Inside the walls' 8 units.
    let covered = 0;
    const border = Math.ceil((8 * size) / 512);
    for (let row = border; row < size - border; row++) {
      for (let column = border; column < size - border; column++) {
        covered += (255 - (data[(row * size + column) * 3] as number)) / 111;
      }
    }
    const units = covered * (512 / size) ** 2;
    // Drawn a quarter pixel larger all round (perimeter 480), and corners are rounded by a pixel's width.
    const grown = 6300 + 480 * 0.25 * (512 / size);
    expect(Math.abs(units / grown - 1)).toBeLessThan(0.06);
  }
});

test("each picture is its own", () => {
  const painter = new PushTPainter(64);
  const first = painter.draw(scene);
  const before = first.data.slice();
  painter.draw({ ...scene, agent: [300, 300] });
  expect(first.data).toEqual(before);
});
