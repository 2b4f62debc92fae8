/** A table of measurements: best entries bold, intervals beside their values, ours and the ceiling set apart. */
import { escapeText, figure, inline } from "./markup.ts";
import type { Cell, Column, Measured, Row, TableBlock } from "./types.ts";

export function renderTable(block: TableBlock): string {
  const best = block.columns.map((column, i) => bestOf(column, i, block.rows));
  const head = [
    `<th scope="col">${inline(block.rowHeading ?? "")}</th>`,
    ...block.columns.map(renderHead),
  ].join("");
  const body = block.rows.map((row) => {
    const cells = block.columns
      .map((column, i) => renderCell(row.cells[i] ?? null, column, row, best[i]))
      .join("");
    return `<tr class="${row.role ?? "plain"}"><th scope="row">${inline(row.label)}</th>${cells}</tr>`;
  });
  const table = `<table><thead><tr>${head}</tr></thead>\n<tbody>${body.join("\n")}</tbody></table>`;
  return figure("table", block.title, `<div class="scroll">${table}</div>`, block.caption);
}

function renderHead({ label, unit, better }: Column): string {
  const arrow = better === undefined ? "" : better === "higher" ? " \u2191" : " \u2193";
  const title = better === undefined ? "" : ` title="${better} is better"`;
  const unitText = unit === undefined ? "" : ` <span class="unit">${escapeText(unit)}</span>`;
  return `<th scope="col"${title}>${inline(label)}${unitText}${arrow}</th>`;
}

function renderCell(cell: Cell, column: Column, row: Row, best: string | undefined): string {
  if (cell === null) return `<td class="none">\u2013</td>`;
  if (typeof cell === "string") return `<td class="text">${inline(cell)}</td>`;
  const { value, ci95, n } = measured(cell);
  const text = printed(value, column);
  const isBest = row.role !== "ceiling" && text === best;
  const interval =
    ci95 === undefined
      ? ""
      : ` <span class="ci">[${printed(ci95[0], column)}, ${printed(ci95[1], column)}]</span>`;
  const trials = n === undefined ? "" : ` <span class="ci">n=${n}</span>`;
  return `<td>${isBest ? `<strong>${text}</strong>` : text}${interval}${trials}</td>`;
}

/** The best value as it is printed, so that equals in print are equals in bold. A ceiling does not compete. */
function bestOf(column: Column, index: number, rows: readonly Row[]): string | undefined {
  if (column.better === undefined) return undefined;
  const values = rows
    .filter((row) => row.role !== "ceiling")
    .map((row) => row.cells[index])
    .filter(
      (cell): cell is number | Measured => cell !== null && cell !== undefined && typeof cell !== "string",
    )
    .map((cell) => measured(cell).value)
    .filter(Number.isFinite);
  if (values.length < 2) return undefined;
  return printed(column.better === "higher" ? Math.max(...values) : Math.min(...values), column);
}

function measured(cell: number | Measured): Measured {
  return typeof cell === "number" ? { value: cell } : cell;
}

function printed(value: number, { digits = 2 }: Column): string {
  return Number.isFinite(value) ? value.toFixed(digits).replace("-", "\u2212") : String(value);
}
