/** Windows are drawn from where they should come from, as often as they should. */
import { makeRng } from "@orrery/core";
import { expect, test } from "vitest";
import { windowDraw, windowsOf, type Span, type SpanGroup } from "./window-groups.ts";

/** One recorded episode of 12 rows, then nine of video: one window of ten when all are drawn alike. */
const recorded: Span[] = [{ first: 0, length: 12, isRecorded: true }];
const video: Span[] = Array.from({ length: 9 }, (_, i) => ({
  first: 12 * (i + 1),
  length: 12,
  isRecorded: false,
}));
const T = 5;
const DRAWS = 4000;
/** Three deviations of a share of one half over as many draws. */
const TOLERANCE = 3 * Math.sqrt(0.25 / DRAWS);

/** Share of the windows that begin in the recorded episode. */
function recordedShare(groups: readonly SpanGroup[], asked: number): number {
  const rng = makeRng(4);
  const draw = windowDraw(groups, T, asked);
  let count = 0;
  for (let i = 0; i < DRAWS; i++) if (draw(rng) < 12) count++;
  return count / DRAWS;
}

const unweighted = [
  { spans: recorded, weight: undefined },
  { spans: video, weight: undefined },
];

test("what has recorded actions has its share at the least, even where one source holds both", () => {
  expect(Math.abs(recordedShare(unweighted, 0) - 0.1)).toBeLessThan(TOLERANCE);
  expect(Math.abs(recordedShare(unweighted, 0.5) - 0.5)).toBeLessThan(TOLERANCE);
  const mixed = [{ spans: [...video, ...recorded], weight: undefined }];
  expect(Math.abs(recordedShare(mixed, 0.5) - 0.5)).toBeLessThan(TOLERANCE);
  // Nine in ten are recorded already: more than was asked for.
  const mostly = video.map((span) => ({ ...span, isRecorded: span.first > 12 }));
  const most = [{ spans: [...recorded, ...mostly], weight: undefined }];
  expect(Math.abs(recordedShare(most, 0.5) - 0.1)).toBeLessThan(TOLERANCE);
});

test("weights overrule it, and nothing changes where all or nothing is recorded", () => {
  const weighted = [
    { spans: recorded, weight: 1 },
    { spans: video, weight: 3 },
  ];
  expect(Math.abs(recordedShare(weighted, 0.5) - 0.25)).toBeLessThan(TOLERANCE);
  expect(recordedShare([{ spans: recorded, weight: undefined }], 0.5)).toBe(1);
  expect(recordedShare([{ spans: video, weight: undefined }], 0.5)).toBe(0);
  // Recorded, but too short for a window: everything is drawn from video.
  const short = [{ ...(recorded[0] as Span), length: T - 1 }];
  expect(recordedShare([{ spans: [...short, ...video], weight: undefined }], 0.5)).toBe(0);
});

test("every window that fits is drawn, and no other", () => {
  const spans = [
    { first: 3, length: 6, isRecorded: true },
    { first: 20, length: 4, isRecorded: true },
    { first: 30, length: 5, isRecorded: false },
  ];
  const rng = makeRng(1);
  const draw = windowDraw([{ spans, weight: undefined }], T, 0.5);
  const starts = new Set(Array.from({ length: 200 }, () => draw(rng)));
  expect([...starts].toSorted((a, b) => a - b)).toEqual([3, 4, 30]);
  expect(windowsOf(spans, T)).toBe(3);
  expect(() => windowDraw([{ spans, weight: undefined }], 7, 0.5)).toThrow(
    /clips of 7 frames were asked for, the longest episode has 6/,
  );
});
