import type { CurationReport } from "@orrery/data";
import { expect, test } from "vitest";
import { describeCuration } from "./curate.ts";

test("what went where fits on a screen", () => {
  const report: CurationReport = {
    dataset: "/store/clips",
    sidecar: "/store/clips/meta/curation",
    episodes: 4,
    keptEpisodes: 3,
    frames: 1000,
    keptFrames: 750,
    seconds: 100,
    keptSeconds: 75,
    keptSpans: 5,
    verdicts: [
      { verdict: "black", findings: 2, episodes: 1, droppedFrames: 250, droppedSeconds: 25, notedFrames: 0 },
      { verdict: "jerk", findings: 1, episodes: 1, droppedFrames: 0, droppedSeconds: 0, notedFrames: 12 },
    ],
    operators: [
      {
        operator: "ann",
        episodes: 4,
        seconds: 100,
        keptSeconds: 75,
        successRate: 0.5,
        idleShare: 0.1,
        clippedShare: 0,
        jerk: 1.25,
      },
    ],
    cameraMotion: { wrist: { free: 3, fixed: 1 } },
    notes: ["look twice"],
  };
  expect(describeCuration(report).split("\n").slice(1)).toEqual([
    "verdict  spans  episodes  frames  time        share   only noted",
    "kept         5         3     750  1 min 15 s  75.0 %           0",
    "black        2         1     250  25 s        25.0 %           0",
    "jerk         1         1       0  0.0 s       0.0 %           12",
    "operator  episodes  time        kept    success  idle    clipped  jerk",
    "ann              4  1 min 40 s  75.0 %  50.0 %   10.0 %  0.0 %    1.25",
    "camera wrist: free 3, fixed 1 (episodes by motion)",
    "note: look twice",
    "Verdicts: /store/clips/meta/curation",
  ]);
});
