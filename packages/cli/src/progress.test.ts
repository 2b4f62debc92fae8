import { expect, test } from "vitest";
import { formatProgress, Progress } from "./progress.ts";

/** A stream and a clock under the test's thumb. */
function fake(isTTY: boolean): { progress: Progress; written: string[]; clock: { ms: number } } {
  const written: string[] = [];
  const clock = { ms: 0 };
  const stream = { isTTY, columns: 120, write: (text: unknown) => written.push(String(text)) > 0 };
  return { progress: new Progress({ stream, now: () => clock.ms }), written, clock };
}

test("a line says what, how far, at what rate and how long still", () => {
  const state = { what: "train", done: 250, total: 1000, unit: "steps", note: "loss 0.12" };
  expect(formatProgress(state, 5)).toBe(
    "train  [#####---------------] 25%  250/1,000 steps  5/s  2 min 30 s left  loss 0.12",
  );
});

test("without a known end or rate it says what it knows", () => {
  expect(formatProgress({ what: "scan", done: 12, unit: "files" }, Number.NaN)).toBe("scan  12 files");
});

test("off a terminal there is one line every few seconds and one at the end", () => {
  const { progress, written, clock } = fake(false);
  for (let i = 0; i <= 100; i++) {
    clock.ms = i * 100; // ten seconds in all
    progress.update({ what: "record", done: i, total: 100, unit: "steps" });
  }
  progress.end();
  expect(written.map((line) => /(\d+)%/.exec(line)?.[1])).toEqual(["0", "50", "100"]);
  expect(written[1]).toContain("10/s  5.0 s left");
  expect(written.every((line) => line.endsWith("\n"))).toBe(true);
});

test("on a terminal the line is rewritten in place, and a new piece of work begins a new one", () => {
  const { progress, written, clock } = fake(true);
  progress.update({ what: "one", done: 1, total: 2, unit: "files" });
  clock.ms = 1000;
  progress.update({ what: "two", done: 0, total: 9, unit: "steps" });
  progress.end();
  progress.end();
  expect(written.filter((text) => text === "\n")).toHaveLength(2);
  expect(written[0]?.startsWith("\rone ")).toBe(true);
  expect(written[0]?.endsWith("\x1b[K")).toBe(true);
});

test("the rate follows a change of pace", () => {
  const { progress, written, clock } = fake(false);
  let done = 0;
  for (let s = 0; s <= 120; s++) {
    clock.ms = s * 1000;
    done += s < 60 ? 100 : 10;
    progress.update({ what: "train", done, total: 1e6, unit: "steps" });
  }
  expect(written.at(-1)).toContain(" 10/s");
});
