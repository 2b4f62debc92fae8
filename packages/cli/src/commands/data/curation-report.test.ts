import type { CurationExample } from "@orrery/data";
import { renderReport } from "@orrery/eval/report";
import { expect, test } from "vitest";
import { CURATION_REPORT } from "./curation.testing.ts";
import { curationPage } from "./curation-report.ts";

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
  const page = renderReport(curationPage(CURATION_REPORT, examples, facts));
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
