import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRng } from "@orrery/core";
import { expect, test } from "vitest";
import { renderReport } from "../report/index.ts";
import { controlMarkdown } from "./markdown.ts";
import { controlReport } from "./report.ts";
import { quantile, summarize } from "./summary.ts";
import type { TrialRecord } from "./trial-log.ts";

const record = (
  policy: string,
  trial: number,
  success: boolean,
  more: Partial<TrialRecord> = {},
): TrialRecord => ({
  policy,
  task: "reach",
  split: "seen",
  trial,
  fingerprint: "",
  seed: 1_000_000 + trial,
  success,
  return: success ? 10 : 4,
  steps: 20,
  secondsToSuccess: success ? 2 : null,
  failure: success ? null : "time ran out: no progress",
  decisionMs: [1, 2, 3, 100],
  msPerStep: 2,
  stops: 0,
  ...more,
});

// The planner wins 8 of 10, the other 3 of 10; both win trials 0 to 2.
const records = [
  ...Array.from({ length: 10 }, (_, i) => record("planner", i, i < 8)),
  ...Array.from({ length: 10 }, (_, i) => record("random", i, i < 3)),
];

test("a cell holds its rate with Wilson's interval, its times and its failures", () => {
  const { cells } = summarize(records, makeRng(1));
  const [planner] = cells;
  expect(planner).toMatchObject({
    trials: 10,
    successes: 8,
    secondsToSuccess: 2,
    failures: { "time ran out: no progress": 2 },
  });
  // Wilson 1927 for 8 of 10: 0.490 to 0.943.
  expect(planner?.success.ci95[0]).toBeCloseTo(0.49, 2);
  expect(planner?.success.ci95[1]).toBeCloseTo(0.943, 3);
  expect(planner?.return.value).toBeCloseTo(8.8, 12);
  expect([planner?.decisionMsMedian, planner?.decisionMsP95, planner?.msPerStep]).toEqual([3, 100, 2]);
});

test("differences are taken on the seeds that both were tried on", () => {
  const { differences } = summarize([...records, record("planner", 99, false)], makeRng(1));
  expect(differences.length).toBe(1);
  expect(differences[0]).toMatchObject({
    first: "planner",
    second: "random",
    pairs: 10,
    success: { value: 0.5 },
  });
  // Five pairs differ, all in favour of the first.
  expect(differences[0]?.p).toBeCloseTo(2 / 32, 12);
  expect(differences[0]?.return.value).toBeCloseTo(3, 12);
});

test("the table says who did what, and by how much", () => {
  const text = controlMarkdown(summarize(records, makeRng(1)));
  expect(text).toContain("| planner | reach | seen | 80 % (49 to 94) | 10 |");
  expect(text).toContain("| 2.0 s | 3.0 / 100 ms | 2 time ran out: no progress |");
  expect(text).toMatch(/\| planner - random \| reach \| seen \| 50 % \(\d+ to \d+\) \| 10 \| 0\.063 \|/);
});

test("the page carries films of both ends and escapes names", () => {
  const out = mkdtempSync(join(tmpdir(), "report-"));
  try {
    writeFileSync(join(out, "a.mp4"), "film");
    const shown = [
      ...records,
      record("<b>bad</b>", 0, true, { video: "a.mp4" }),
      record("<b>bad</b>", 1, false, { video: "a.mp4", failure: "the object fell off the table" }),
    ];
    const summary = summarize(shown, makeRng(1));
    const html = renderReport(
      controlReport(shown, summary, { out, facts: [{ label: "Seed", value: "0" }], baselines: ["random"] }),
    );
    expect(html.match(/<video /g)?.length).toBe(2);
    expect(html).toContain("the object fell off the table");
    expect(html).not.toContain("<b>bad</b>");
    expect(html).toContain("McNemar p");
  } finally {
    rmSync(out, { recursive: true });
  }
});

test("quantiles of few values", () => {
  expect(quantile([5, 1, 3], 0.5)).toBe(3);
  expect(quantile([], 0.5)).toBeNaN();
  expect(quantile([1], 0.95)).toBe(1);
});

test("films that are named but not there are a note beside the figures", () => {
  const out = mkdtempSync(join(tmpdir(), "report-"));
  try {
    mkdirSync(join(out, "videos"));
    writeFileSync(join(out, "videos/there.mp4"), "film");
    const filmed = records.map((each, i) =>
      i < 3 ? { ...each, video: `videos/${["there", "gone", "lost"][i]}.mp4` } : each,
    );
    const report = controlReport(filmed, summarize(filmed, makeRng(1)), { out, facts: [] });
    const blocks = report.sections[0]?.blocks ?? [];
    expect(blocks.flatMap((block) => (block.kind === "videoGrid" ? block.videos : [])).length).toBe(1);
    expect(renderReport(report)).toContain("2 of the 3 films that these trials name are not in");
    expect(renderReport(report)).toContain("videos/gone.mp4");
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});
