/** A report on curation, for tests of what is shown of it. */
import type { CurationReport } from "@orrery/data";

export const CURATION_REPORT: CurationReport = {
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
    { verdict: "cut", findings: 1, episodes: 1, droppedFrames: 0, droppedSeconds: 0, notedFrames: 0 },
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
  notes: ['"black" takes much'],
};
