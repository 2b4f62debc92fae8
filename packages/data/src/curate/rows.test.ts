import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { temporaryFolder } from "../testing-datasets.ts";
import { curateDataset } from "./curate.ts";
import type { Finding } from "./finding.ts";
import type { CurationReport } from "./report.ts";
import { readCuration, type Curation } from "./sidecar.ts";
import { writeTestDataset, type TestEpisode } from "./testing.ts";

const FPS = 20;
const LENGTH = 100;

/** Two joints that swing, and the velocities that drive them; no two episodes alike. */
function swing(
  episode: number,
  change: (t: number, row: { state: number[]; action: number[] }) => void = () => {},
  operator = "ann",
): TestEpisode {
  const state: number[][] = [];
  const action: number[][] = [];
  for (let t = 0; t < LENGTH; t++) {
    const row = {
      state: [Math.sin(t / 9 + episode), Math.cos(t / 11 + 2 * episode)],
      action: [0.9 * Math.cos(t / 9 + episode), -0.9 * Math.sin(t / 11 + 2 * episode)],
    };
    change(t, row);
    state.push(row.state);
    action.push(row.action);
  }
  return { images: [], state, action, provenance: { stream: "teleop", operator } };
}

const still = { state: [0.3, 0.2], action: [0, 0] };
const EPISODES: readonly TestEpisode[] = [
  /* 0 */ { ...swing(0), success: true },
  /* 1: nothing moves in rows 30 to 89 */
  { ...swing(1, (t, row) => void (t >= 30 && t < 90 && Object.assign(row, still)), "bob"), success: false },
  /* 2: one number far out */ swing(2, (t, row) => void (t === 50 && (row.state[0] = 40))),
  /* 3 */ swing(3, (t, row) => void (t === 20 && (row.state[1] = Number.NaN))),
  /* 4: two seconds are missing before row 60 */
  { ...swing(4), timestampSec: Array.from({ length: LENGTH }, (_, t) => t / FPS + (t >= 60 ? 2 : 0)) },
  /* 5: a command at its limit for ten rows */ swing(
    5,
    (t, row) => void (t >= 40 && t < 50 && (row.action[0] = 1)),
  ),
  /* 6: recorded twice */ swing(0),
];

let curation: Curation;
let report: CurationReport;
let findings: readonly (Finding & { episode: number })[];

beforeAll(async () => {
  const root = join(temporaryFolder("curate-rows"), "arm");
  await writeTestDataset(root, FPS, EPISODES);
  report = await curateDataset(root);
  curation = await readCuration(root);
  findings = await curation.findings();
});

const of = (episode: number): [string, string, number, number][] =>
  findings
    .filter((f) => f.episode === episode)
    .map(({ verdict, action, from, to }) => [verdict, action, from, to]);
const keptOf = (episode: number): [number, number][] =>
  (curation.episodes[episode]?.kept ?? []).map(({ from, to }) => [from, to]);

test("a sound episode has no finding", () => {
  expect(of(0)).toEqual([]);
  expect(keptOf(0)).toEqual([[0, 100]]);
});

test("idle rows are dropped, half a second at each end kept", () => {
  // The jumps into and out of stillness are leaps, and noted as such.
  expect(of(1).filter(([verdict]) => verdict === "idle")).toEqual([["idle", "drop", 40, 80]]);
  expect(keptOf(1)).toEqual([
    [0, 40],
    [80, 100],
  ]);
});

test("outliers and leaps are noted where they are, and kept", () => {
  expect(of(2)).toEqual([
    ["outlier", "note", 50, 51],
    // The third difference sees the number come and go: rows 50 to 53.
    ["jerk", "note", 50, 54],
  ]);
  expect(findings.find(({ episode, verdict }) => episode === 2 && verdict === "outlier")?.reason).toMatch(
    /^state "joint_0"/,
  );
  expect(keptOf(2)).toEqual([[0, 100]]);
});

test("rows that are no numbers are dropped", () => {
  expect(of(3)).toEqual([["nonfinite", "drop", 20, 21]]);
  expect(keptOf(3)).toEqual([
    [0, 20],
    [21, 100],
  ]);
});

test("a jump of the clock divides", () => {
  expect(of(4)).toEqual([["gap", "divide", 60, 61]]);
  expect(keptOf(4)).toEqual([
    [0, 60],
    [60, 100],
  ]);
});

test("commands at their extreme are noted", () => {
  expect(of(5)).toContainEqual(["clipped", "note", 40, 50]);
  expect(findings.find(({ verdict }) => verdict === "clipped")?.reason).toBe(
    'action "push_0" stays at its extreme 1.00 for 10 rows',
  );
});

test("the same rows again are a duplicate", () => {
  expect(of(6)).toEqual([["duplicate", "drop", 0, 100]]);
  expect(curation.keptEpisodes).toEqual([0, 1, 2, 3, 4, 5]);
});

test("operators are compared", () => {
  expect(report.operators).toMatchObject([
    { operator: "ann", episodes: 6, seconds: 30, successRate: 1, idleShare: 0, clippedShare: 10 / 600 },
    { operator: "bob", episodes: 1, seconds: 5, keptSeconds: 3, successRate: 0, idleShare: 0.4 },
  ]);
});
