import { expect, test } from "vitest";
import { renderChart } from "./chart.ts";
import { escapeText, inline, slug } from "./markup.ts";
import { renderReport } from "./render.ts";
import { sampleChart, sampleReport } from "./sample.testing.ts";
import { renderTable } from "./table.ts";
import { linearScale, logScale, tickLabel } from "./ticks.ts";
import type { TableBlock } from "./types.ts";

const NASTY = `"><script>alert('1')</script>&`;

test("whatever a name contains, it stays text", () => {
  const sample = sampleReport([{ label: NASTY, detail: NASTY, data: new Uint8Array([1, 2, 3]) }]);
  const page = renderReport({
    ...sample,
    title: NASTY,
    subtitle: NASTY,
    facts: [{ label: NASTY, value: NASTY, isCode: true }],
    highlights: [{ label: NASTY, value: NASTY, against: NASTY }],
    sections: [
      ...sample.sections,
      {
        title: NASTY,
        text: `${NASTY}\n\n\`${NASTY}\``,
        blocks: [{ kind: "note", text: NASTY, commands: [NASTY] }],
      },
      {
        title: NASTY,
        blocks: [
          {
            ...sampleChart(),
            title: NASTY,
            x: { label: NASTY },
            series: [{ name: NASTY, x: [1, 2], y: [1, 2] }],
          },
          {
            kind: "table",
            title: NASTY,
            columns: [{ label: NASTY }],
            rows: [{ label: NASTY, cells: [NASTY] }],
          },
          { kind: "image", title: NASTY, data: new Uint8Array(1), mime: "image/png", caption: NASTY },
        ],
      },
    ],
  });
  // The page's own script is the only one, and no attribute was broken out of.
  expect(page.match(/<script/g)).toHaveLength(1);
  expect(page).not.toContain("alert('1')");
  expect(page).not.toContain(`"">`);
});

test("the page fetches nothing and carries its media as data", () => {
  const page = renderReport(sampleReport([{ label: "truth", data: new TextEncoder().encode("mp4!") }]));
  expect(page).toContain('src="data:video/mp4;base64,bXA0IQ=="');
  expect(page).not.toMatch(/(src|href)="(?!data:|#)/);
  expect(page).not.toMatch(/url\(|@import|https?:/);
  expect(page).toContain("default-src 'none'");
});

test("sections of one name get anchors of their own, and the line of links leads to them", () => {
  const section = { title: "Held-out episodes", blocks: [] };
  const page = renderReport({ title: "t", facts: [], sections: [section, section, section] });
  for (const id of ["held-out-episodes", "held-out-episodes-2", "held-out-episodes-3"]) {
    expect(page).toContain(`<section id="${id}">`);
    expect(page).toContain(`href="#${id}"`);
  }
});

test("a table sets the best entry in bold, be it ours or a baseline's, and no ceiling", () => {
  const table: TableBlock = {
    kind: "table",
    title: "t",
    columns: [
      { label: "up", better: "higher", digits: 1 },
      { label: "down", better: "lower", digits: 1 },
      { label: "free" },
    ],
    rows: [
      { label: "ours", role: "ours", cells: [{ value: 2, ci95: [1.5, 2.5], n: 9 }, 0.14, 1] },
      { label: "base", role: "baseline", cells: [3, 0.06, -2] },
      { label: "round trip", role: "ceiling", cells: [9, 0, null] },
    ],
  };
  const html = renderTable(table);
  // Row by row; 0.14 and 0.06 both print as 0.1, so both are best.
  expect([...html.matchAll(/<strong>(.*?)<\/strong>/g)].map((match) => match[1])).toEqual([
    "0.1",
    "3.0",
    "0.1",
  ]);
  expect(html).toContain('2.0 <span class="ci">[1.5, 2.5]</span> <span class="ci">n=9</span>');
  expect(html).toContain("\u22122.00");
  expect(html).toContain('<td class="none">\u2013</td>');
});

test("a chart puts known points where they belong and breaks its line where there is no value", () => {
  const svg = renderChart({
    kind: "chart",
    title: "t",
    x: { label: "x" },
    y: { label: "y" },
    series: [{ name: "s", x: [0, 1, 2, 3, 4], y: [0, 10, Number.NaN, 10, 0] }],
  });
  const lines = [...svg.matchAll(/<path class="line" d="(.*?)"\/>/g)].map((match) => match[1]);
  // Left edge 16 + 2 digits * 7.2, right edge 720 - 16, so 168.4 units per step; y runs from 294 up to 30.
  expect(lines).toEqual(["M1 6H29", "M30.4 294L198.8 30", "M535.6 30L704 294"]);
  expect(svg.match(/<circle/g)).toHaveLength(4);
  expect(svg).not.toContain("NaN");
});

test("a chart of nothing, of one point, and of values no log axis can show stays finite", () => {
  const base = { kind: "chart", title: "t", x: { label: "x" } } as const;
  for (const scale of ["linear", "log"] as const) {
    for (const y of [[], [5], [0, -1], [1e-9, 1e9], [Number.NaN, Infinity]]) {
      const svg = renderChart({
        ...base,
        y: { label: "y", scale },
        series: [{ name: "s", x: y.map((_, i) => i), y }],
      });
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    }
  }
});

test("axes have round steps and cover the data", () => {
  expect(linearScale([12.5, 26.1], { count: 5 }).ticks).toEqual([10, 15, 20, 25, 30]);
  expect(
    linearScale([0.2, 0.9], { count: 5, fromZero: true }).ticks.map((tick) => tickLabel(tick, [])),
  ).toEqual(["0", "0.2", "0.4", "0.6", "0.8", "1"]);
  expect(linearScale([5], { count: 5 }).place(5)).toBeCloseTo(0.5);
  const frames = linearScale([1, 16], { count: 8, isTight: true });
  expect([frames.low, frames.high, frames.ticks]).toEqual([1, 16, [2, 4, 6, 8, 10, 12, 14, 16]]);
  expect(linearScale([0, 1, 2], { count: 8 }).ticks).toEqual([0, 1, 2]);
  expect(logScale([0.02, 3]).ticks.at(0)).toBeCloseTo(0.01);
  expect(logScale([1, 1e6]).ticks).toHaveLength(7);
  expect(logScale([1, 100]).place(10)).toBeCloseTo(0.5);
});

test("tick labels are as short as they can be", () => {
  const label = (value: number, ...others: number[]): string => tickLabel(value, [value, ...others]);
  expect([label(0.25), label(1500), label(20_000), label(3e6), label(1e-5), label(-2)]).toEqual([
    "0.25",
    "1,500",
    "20k",
    "3M",
    "1e-5",
    "\u22122",
  ]);
});

test("text helpers", () => {
  expect(escapeText(`<a href="x">'&`)).toBe("&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
  expect(inline("run `a < b` now")).toBe("run <code>a &lt; b</code> now");
  expect([slug("Held-out: 5 dB!"), slug("…"), slug("Größe")]).toEqual(["held-out-5-db", "section", "größe"]);
});
