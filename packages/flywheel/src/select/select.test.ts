import { expect, test } from "vitest";
import { SELECTION_DEFAULTS } from "../loop/settings.ts";
import { countReasons, selectEpisodes, type Candidate } from "./select.ts";

/** An episode whose path is one number, far from the others unless told otherwise. */
const episode = (index: number, more: Partial<Candidate> = {}): Candidate => ({
  episode: index,
  task: "reach",
  frames: 20,
  success: true,
  surprise: 1 + index,
  path: [10 * index],
  nonFiniteRows: 0,
  ...more,
});

test("everything gets a verdict, in the order of the dataset, with the reason that applies first", () => {
  const verdicts = selectEpisodes(
    [
      episode(0, { frames: 4 }),
      episode(1, { nonFiniteRows: 2 }),
      episode(2, { surprise: 0.1, success: false }),
      episode(3),
      episode(4, { path: [30.1] }), // as 3, and more surprising: 3 repeats it
      episode(5, { success: false }),
    ],
    { ...SELECTION_DEFAULTS, knownShare: 0.5 },
    5,
  );
  expect(verdicts.map(({ reason }) => reason)).toEqual([
    "too short",
    "not finite",
    "foreseen",
    "repetition",
    "kept",
    "kept",
  ]);
  expect(verdicts[3]?.repeats).toBe(4);
  // Paths of 2 to 5 lie at 20, 30, 30.1 and 50: the median of the six distances, the fourth, is 19.9.
  expect(verdicts[3]?.novelty).toBeCloseTo(0.1 / 19.9, 6);
  expect(countReasons(verdicts)).toEqual({
    kept: 2,
    "too short": 1,
    "not finite": 1,
    foreseen: 1,
    repetition: 1,
    "one failure too many": 0,
  });
});

test("a success is never foreseen, however little it surprised", () => {
  const candidates = [
    episode(0, { surprise: 0 }),
    episode(1, { success: false }),
    episode(2, { success: false }),
  ];
  const verdicts = selectEpisodes(candidates, { ...SELECTION_DEFAULTS, knownShare: 0.9 }, 5);
  expect(verdicts.map(({ reason }) => reason)).toEqual(["kept", "foreseen", "kept"]);
});

test("failures are kept in proportion to successes, the most surprising first", () => {
  const candidates = Array.from({ length: 10 }, (_, i) => episode(i, { success: i === 0 }));
  const settings = { ...SELECTION_DEFAULTS, knownShare: 0, leastFailures: 1, failuresPerSuccess: 3 };
  const kept = selectEpisodes(candidates, settings, 5).filter(({ keep }) => keep);
  expect(kept.map((verdict) => verdict.episode)).toEqual([0, 7, 8, 9]);
  const hopeless = candidates.map((candidate) => ({ ...candidate, success: false }));
  const two = selectEpisodes(hopeless, { ...settings, leastFailures: 2 }, 5).filter(({ keep }) => keep);
  expect(two.map((verdict) => verdict.episode)).toEqual([8, 9]);
});

test("tasks are judged apart, and a policy that tells no surprise has nothing foreseen", () => {
  const candidates = [
    episode(0, { surprise: null }),
    episode(1, { surprise: null, task: "push", path: [0] }),
    episode(2, { surprise: null, path: [90] }),
  ];
  const verdicts = selectEpisodes(candidates, { ...SELECTION_DEFAULTS, knownShare: 0.9 }, 5);
  expect(verdicts.map(({ reason }) => reason)).toEqual(["kept", "kept", "kept"]);
  expect(verdicts.map(({ novelty }) => novelty)).toEqual([null, null, 1]);
});
