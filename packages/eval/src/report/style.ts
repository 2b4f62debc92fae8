/**
 * The page's style sheet. Colours of series are Okabe and Ito's colour-blind-safe set (2008), lightened for dark
 * screens. Type comes from the reader's own machine: a page that opens from disk must fetch nothing.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fdfdfc; --ink: #1c1d20; --quiet: #62656c; --rule: #e1e1dd; --wash: #f4f4f1; --accent: #0b63a5;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b3568c; --c4: #c98a00; --c5: #3a9bd8; --grey: #7d8087;
  --warn: #b45309;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --ink: #e6e6e3; --quiet: #9da1a9; --rule: #2e3136; --wash: #1d2024; --accent: #6cb6f0;
    --c0: #56b4e9; --c1: #f08a4b; --c2: #35c79c; --c3: #e09cc5; --c4: #eab94b; --c5: #a9d5f5; --grey: #9a9da5;
    --warn: #f0a04b;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body {
  margin: 0 auto; padding: 4.5rem 1.5rem 4rem; max-width: 58rem; background: var(--paper); color: var(--ink);
  font: 400 1.0625rem/1.62 "Inter", "Source Sans 3", "Segoe UI", "Helvetica Neue", "Noto Sans", "DejaVu Sans", Arial, sans-serif;
  font-feature-settings: "kern"; text-rendering: optimizeLegibility;
}
h1, h2, h3 { font-weight: 600; line-height: 1.22; text-wrap: balance; }
h1 { margin: 0; font-size: clamp(1.9rem, 5vw, 2.7rem); letter-spacing: -0.022em; }
h2 { margin: 0 0 0.9rem; font-size: 1.5rem; letter-spacing: -0.012em; }
h3 { margin: 0 0 0.7rem; font-size: 1rem; }
p { margin: 0 0 0.9rem; max-width: 43rem; }
code, pre { font: 0.88em/1.5 ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace; }
code { padding: 0.08em 0.3em; border-radius: 3px; background: var(--wash); }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
.subtitle { margin: 0.9rem 0 0; max-width: 40rem; font-size: 1.2rem; line-height: 1.5; color: var(--quiet); }
nav { margin: 1.6rem 0 0; display: flex; flex-wrap: wrap; gap: 0.3rem 1.3rem; font-size: 0.95rem; }

.highlights { margin: 2.6rem 0 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: 0 2rem; list-style: none; }
.highlights li { padding: 1rem 0; border-top: 2px solid var(--ink); }
.highlights b { display: block; font-size: 1.85rem; font-weight: 600; line-height: 1.2; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.highlights span { display: block; font-size: 0.95rem; }
.highlights small { display: block; margin-top: 0.15rem; font-size: 0.875rem; color: var(--quiet); }

section { margin-top: 3.6rem; padding-top: 2.2rem; border-top: 1px solid var(--rule); }
figure { margin: 2rem 0 0; break-inside: avoid; }
figcaption { margin-top: 0.75rem; max-width: 43rem; font-size: 0.92rem; line-height: 1.5; color: var(--quiet); }
.scroll { overflow-x: auto; }

.legend { margin: 0 0 0.5rem; padding: 0; display: flex; flex-wrap: wrap; gap: 0.2rem 1.3rem; list-style: none; font-size: 0.9rem; }
.legend li { display: flex; align-items: center; gap: 0.45rem; }
.swatch { width: 30px; height: 12px; flex: none; }
.chart .scroll > svg { display: block; width: 100%; min-width: 30rem; height: auto; }
.chart svg text { font-size: 12px; fill: var(--quiet); font-variant-numeric: tabular-nums; }
.chart svg text.name { fill: var(--ink); font-size: 12.5px; }
.axes path { fill: none; stroke: var(--rule); }
.c0 { --c: var(--c0); } .c1 { --c: var(--c1); } .c2 { --c: var(--c2); }
.c3 { --c: var(--c3); } .c4 { --c: var(--c4); } .c5 { --c: var(--c5); } .grey { --c: var(--grey); }
.line { fill: none; stroke: var(--c); stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round; }
.ours .line { stroke-width: 2.6; }
.band { fill: var(--c); opacity: 0.13; }
.marker { fill: var(--paper); stroke: var(--c); stroke-width: 1.6; }
.ours .marker { fill: var(--c); }
.hover circle { fill: transparent; }
.hover circle:hover { fill: var(--c); fill-opacity: 0.3; }

table { border-collapse: collapse; width: 100%; font-size: 0.95rem; line-height: 1.4; font-variant-numeric: tabular-nums; border-bottom: 2px solid var(--ink); }
thead th { border-top: 2px solid var(--ink); border-bottom: 1px solid var(--ink); font-weight: 600; vertical-align: bottom; }
th, td { padding: 0.5rem 0.9rem; text-align: right; white-space: nowrap; }
th:first-child { padding-left: 0; text-align: left; }
th:last-child, td:last-child { padding-right: 0; }
tbody th { font-weight: 400; }
td.text { text-align: left; white-space: normal; }
tr.ours th { font-weight: 600; }
tr.ours { background: color-mix(in srgb, var(--c0) 7%, transparent); }
tr.ceiling { color: var(--quiet); font-style: italic; }
.unit, .ci, td.none { color: var(--quiet); font-weight: 400; }
.ci { font-size: 0.86em; }

.videos { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(10rem, 44%), 1fr)); gap: 1rem; }
.videos[data-count="1"] { grid-template-columns: minmax(0, 32rem); }
.videos[data-count="2"] { grid-template-columns: repeat(2, minmax(0, 22rem)); }
.videos video { display: block; width: 100%; border-radius: 4px; background: #000; cursor: pointer; }
.videos p { margin: 0.5rem 0 0; font-size: 0.9rem; line-height: 1.4; }
.videos b { font-weight: 600; }
.videos p span { display: block; color: var(--quiet); }
.pixelated video, img.pixelated { image-rendering: pixelated; }
.image img { display: block; max-width: 100%; border-radius: 4px; }
img.pixelated { width: 100%; }
.player { margin-top: 0.9rem; display: flex; align-items: center; gap: 0.8rem; font-size: 0.875rem; color: var(--quiet); font-variant-numeric: tabular-nums; }
.player button { width: 2.1rem; height: 2.1rem; flex: none; padding: 0; border: 1px solid var(--rule); border-radius: 50%; background: var(--wash); color: var(--ink); cursor: pointer; }
.player button::before { content: ""; display: block; margin: 0 auto; width: 0.62rem; height: 0.72rem; background: currentColor; clip-path: polygon(12% 0, 100% 50%, 12% 100%); }
.player button[data-playing="true"]::before { clip-path: polygon(0 0, 34% 0, 34% 100%, 66% 100%, 66% 0, 100% 0, 100% 100%, 34% 100%, 34% 100%, 0 100%); }
.player input { flex: 1; min-width: 4rem; accent-color: var(--accent); }
.player output { white-space: nowrap; }
.player select { border: 1px solid var(--rule); border-radius: 4px; padding: 0.15rem 0.3rem; background: var(--wash); color: inherit; font: inherit; }

.note { margin: 1.8rem 0 0; padding: 0.1rem 0 0.1rem 1.1rem; border-left: 3px solid var(--rule); }
.note.warning { border-color: var(--warn); }
.note p:last-child { margin-bottom: 0; }
pre { margin: 0.7rem 0; padding: 0.8rem 1rem; overflow-x: auto; border-radius: 4px; background: var(--wash); }

.facts dl { margin: 0; display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: 0.4rem 1.8rem; font-size: 0.95rem; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; overflow-wrap: anywhere; }

@media (max-width: 40rem) {
  body { padding: 2.2rem 1.1rem 3rem; font-size: 1rem; }
  section { margin-top: 2.4rem; padding-top: 1.6rem; }
  .facts dl { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: 0.6rem; }
}
@media print {
  :root { --paper: #fff; --ink: #000; --quiet: #444; --rule: #bbb; --wash: #f4f4f4; --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b3568c; --c4: #c98a00; --c5: #3a9bd8; --grey: #666; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  nav, .player { display: none; }
  section { margin-top: 1.6rem; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
}
`;
