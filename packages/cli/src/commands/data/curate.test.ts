import { expect, test } from "vitest";
import { describeCuration } from "./curate.ts";
import { CURATION_REPORT } from "./curation.testing.ts";

test("what went where fits on a screen", () => {
  expect(describeCuration(CURATION_REPORT).split("\n").slice(1)).toEqual([
    "verdict  spans  episodes  frames  time        share   only noted",
    "kept         5         3     750  1 min 15 s  75.0 %           0",
    "black        2         1     250  25 s        25.0 %           0",
    "cut          1         1       0  0.0 s       0.0 %            0",
    "jerk         1         1       0  0.0 s       0.0 %           12",
    "operator  episodes  time        kept    success  idle    clipped  jerk",
    "ann              4  1 min 40 s  75.0 %  50.0 %   10.0 %  0.0 %    1.25",
    "camera wrist: free 3, fixed 1 (episodes by motion)",
    'note: "black" takes much',
    "Verdicts: /store/clips/meta/curation",
  ]);
});
