/**
 * A line chart as SVG. Series differ by colour, dash and marker at once, so that no reader needs all three; the
 * colours live in the style sheet, where they change with the reader's light or dark scheme.
 */
import { escapeText, figure, inline } from "./markup.ts";
import { linearScale, logScale, tickLabel, type LinearOptions, type Scale } from "./ticks.ts";
import type { Axis, ChartBlock, Series } from "./types.ts";

/** User units; the drawing scales with the page. */
const WIDTH = 720;
const HEIGHT = 340;
const TOP = 30;
const RIGHT = 16;
const BOTTOM = 46;

/** Beyond this many points a marker on each is noise. */
const MAX_MARKERS = 24;
/** Hover targets per series; more would only make the file large. */
const MAX_HOVERS = 120;
const DASHES = ["7 4", "2 3", "9 3 2 3", "4 2", "1 4", "12 4"];
const COLOURS = 6;

export function renderChart(block: ChartBlock): string {
  const styles = seriesStyles(block.series);
  const x = scaleFor(
    block.x,
    block.series.flatMap(({ x }) => [...values(x)]),
    { count: 8, isTight: true },
  );
  const y = scaleFor(
    block.y,
    block.series.flatMap(({ y, low, high }) => [y, low, high].flatMap(values)),
    { count: 5 },
  );
  const left = 16 + 7.2 * Math.max(...y.ticks.map((tick) => tickLabel(tick, y.ticks).length));
  const plot: Plot = {
    x,
    y,
    left,
    toX: (value) => left + x.place(value) * (WIDTH - left - RIGHT),
    toY: (value) => HEIGHT - BOTTOM - y.place(value) * (HEIGHT - TOP - BOTTOM),
  };
  const svg = [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeText(block.title)}">`,
    axes(block, plot),
    ...block.series.map((series, i) => band(series, plot, styles[i])),
    ...block.series.map((series, i) => line(series, plot, styles[i])),
    ...block.series.map((series, i) => hovers(series, plot, block, styles[i])),
    "</svg>",
  ].join("\n");
  const legend = block.series
    .map((series, i) => `<li>${swatch(styles[i])}${inline(series.name)}</li>`)
    .join("");
  return figure(
    "chart",
    block.title,
    `<ul class="legend">${legend}</ul>\n<div class="scroll">${svg}</div>`,
    block.caption,
  );
}

interface Plot {
  readonly x: Scale;
  readonly y: Scale;
  readonly left: number;
  toX(value: number): number;
  toY(value: number): number;
}

interface Style {
  readonly className: string;
  readonly dash: string | undefined;
  readonly marker: number;
}

/** Ours solid, baselines dashed, ceilings grey and dotted; colours in order of appearance. */
function seriesStyles(series: readonly Series[]): Style[] {
  let colour = 0;
  let dash = 0;
  return series.map(({ role = "ours" }, i) => ({
    className: `${role} ${role === "ceiling" ? "grey" : `c${colour++ % COLOURS}`}`,
    dash: role === "ours" ? undefined : role === "ceiling" ? "1 4" : DASHES[dash++ % DASHES.length],
    marker: i,
  }));
}

function scaleFor(axis: Axis, data: readonly number[], options: LinearOptions): Scale {
  return axis.scale === "log"
    ? logScale(data)
    : linearScale(data, { ...options, fromZero: axis.fromZero ?? false });
}

function axes({ x: xAxis, y: yAxis }: ChartBlock, plot: Plot): string {
  const right = WIDTH - RIGHT;
  const bottom = HEIGHT - BOTTOM;
  const rows = plot.y.ticks.map((tick) => {
    const at = round(plot.toY(tick));
    return `<path d="M${round(plot.left)} ${at}H${right}"/><text x="${round(plot.left - 8)}" y="${at}" dy="0.35em" text-anchor="end">${tickLabel(tick, plot.y.ticks)}</text>`;
  });
  const columns = plot.x.ticks.map((tick) => {
    const at = round(plot.toX(tick));
    return `<path d="M${at} ${bottom}v5"/><text x="${at}" y="${bottom + 19}" text-anchor="middle">${tickLabel(tick, plot.x.ticks)}</text>`;
  });
  return [
    `<g class="axes">`,
    ...rows,
    ...columns,
    `<text class="name" x="0" y="14">${axisName(yAxis)}</text>`,
    `<text class="name" x="${right}" y="${HEIGHT - 6}" text-anchor="end">${axisName(xAxis)}</text>`,
    "</g>",
  ].join("");
}

function axisName({ label, unit }: Axis): string {
  return escapeText(unit === undefined ? label : `${label} (${unit})`);
}

/** The interval as a filled area, one piece per unbroken stretch. */
function band(series: Series, plot: Plot, style: Style | undefined): string {
  const { low, high } = series;
  if (!low || !high) return "";
  const areas = stretches(series, plot).map((indices) => {
    const upper = indices.map((i) => point(plot, series.x[i], high[i] ?? series.y[i]));
    const lower = indices.map((i) => point(plot, series.x[i], low[i] ?? series.y[i]));
    return `<path class="band" d="M${[...upper, ...lower.toReversed()].join("L")}Z"/>`;
  });
  return `<g class="${style?.className}">${areas.join("")}</g>`;
}

function line(series: Series, plot: Plot, style: Style | undefined): string {
  const pieces = stretches(series, plot);
  const dash = style?.dash === undefined ? "" : ` stroke-dasharray="${style.dash}"`;
  const paths = pieces.map(
    (indices) =>
      `<path class="line"${dash} d="M${indices.map((i) => point(plot, series.x[i], series.y[i])).join("L")}"/>`,
  );
  const isSparse = series.x.length <= MAX_MARKERS;
  const markers = (isSparse ? pieces.flat() : []).map((i) =>
    marker(style?.marker ?? 0, plot.toX(series.x[i] ?? 0), plot.toY(series.y[i] ?? 0)),
  );
  return `<g class="${style?.className}">${paths.join("")}${markers.join("")}</g>`;
}

/** Invisible circles that say their value when pointed at. */
function hovers(series: Series, plot: Plot, { x, y }: ChartBlock, style: Style | undefined): string {
  const indices = stretches(series, plot).flat();
  const every = Math.ceil(indices.length / MAX_HOVERS);
  const circles = indices
    .filter((_, k) => k % every === 0)
    .map((i) => {
      const [atX, atY] = [series.x[i] ?? 0, series.y[i] ?? 0];
      const interval =
        series.low && series.high ? ` (${precise(series.low[i])} to ${precise(series.high[i])})` : "";
      const text = `${series.name}\n${y.label}: ${precise(atY)}${interval}${unit(y)}\n${x.label}: ${precise(atX)}${unit(x)}`;
      return `<circle cx="${round(plot.toX(atX))}" cy="${round(plot.toY(atY))}" r="7"><title>${escapeText(text)}</title></circle>`;
    });
  return `<g class="hover ${style?.className}">${circles.join("")}</g>`;
}

/** Runs of indices whose points can be drawn. */
function stretches(series: Series, plot: Plot): number[][] {
  const runs: number[][] = [[]];
  for (let i = 0; i < series.x.length; i++) {
    const isDrawable = [plot.toX(series.x[i] ?? Number.NaN), plot.toY(series.y[i] ?? Number.NaN)].every(
      Number.isFinite,
    );
    if (isDrawable) runs.at(-1)?.push(i);
    else if (runs.at(-1)?.length) runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}

function swatch(style: Style | undefined): string {
  const dash = style?.dash === undefined ? "" : ` stroke-dasharray="${style.dash}"`;
  return `<svg class="swatch ${style?.className}" viewBox="0 0 30 12" aria-hidden="true"><path class="line"${dash} d="M1 6H29"/>${marker(style?.marker ?? 0, 15, 6)}</svg>`;
}

/** Circle, square, triangle, diamond, by turns. */
function marker(index: number, x: number, y: number): string {
  const r = 3.4;
  const at = (dx: number, dy: number): string => `${round(x + dx * r)} ${round(y + dy * r)}`;
  const shapes = [
    `M${at(-1, 0)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
    `M${at(-0.9, -0.9)}L${at(0.9, -0.9)}L${at(0.9, 0.9)}L${at(-0.9, 0.9)}Z`,
    `M${at(0, -1.2)}L${at(1.1, 0.8)}L${at(-1.1, 0.8)}Z`,
    `M${at(0, -1.3)}L${at(1.2, 0)}L${at(0, 1.3)}L${at(-1.2, 0)}Z`,
  ];
  return `<path class="marker" d="${shapes[index % shapes.length]}"/>`;
}

function point(plot: Plot, x = Number.NaN, y = Number.NaN): string {
  return `${round(plot.toX(x))} ${round(plot.toY(y))}`;
}

function values(list: ArrayLike<number> | undefined): number[] {
  return list === undefined ? [] : Array.from(list);
}

function unit(axis: Axis): string {
  return axis.unit === undefined ? "" : ` ${axis.unit}`;
}

function precise(value = Number.NaN): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(5))) : "?";
}

/** A tenth of a unit is finer than any screen shows. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
