import type { CurationExample, CurationReport } from "@orrery/data";
import { renderReport } from "@orrery/eval/report";
import { expect, test } from "vitest";
import { curationPage } from "./curation-report.ts";

const REPORT: CurationReport = {
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
  ],
  operators: [],
  cameraMotion: { wrist: { free: 3, fixed: 1 } },
  notes: ['"black" takes much'],
};

function example(change: Partial<CurationExample>): CurationExample {
  const strip = Uint8Array.of(1, 2, 3);
  return {
    verdict: "kept",
    action: "keep",
    episode: 1,
    camera: "wrist",
    from: 10,
    to: 20,
    reason: "nothing speaks against it",
    rows: [10, 19],
    strip,
    ...change,
  };
}

test("the page stands alone, shows kept and dropped with their reasons, and says what could not be shown", () => {
  const examples = [
    example({ verdict: "cut", action: "divide", reason: "a new <shot>" }),
    example({ verdict: "black", action: "drop", reason: "99 % of the picture is dark" }),
    example({ verdict: "black", action: "drop", strip: null, unreadable: "its video is gone" }),
    example({}),
  ];
  const facts = { command: "./orrery data curate /store/clips", seconds: 3 };
  const page = renderReport(curationPage(REPORT, examples, facts));
  const at = ["75.0 %", "Kept</h2>", "Black: dropped</h2>", "Cut: divided: no kept span crosses it</h2>"].map(
    (text) => page.lastIndexOf(text),
  );
  expect(at.every((place, i) => place > (at[i - 1] ?? 0))).toBe(true); // there, and in this order
  expect(page).toContain("2 of 2 spans");
  expect(page).toContain("99 % of the picture is dark");
  expect(page).toContain("A new &lt;shot&gt;");
  expect(page).toContain("No picture: its video is gone");
  expect(page.match(/data:image\/jpeg;base64,AQID/g)).toHaveLength(3);
  expect(page).not.toMatch(/(src|href)="(?!data:|#)/);
});
