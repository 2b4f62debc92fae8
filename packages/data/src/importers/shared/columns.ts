/**
 * Episodes stored as columns: one array per stream, one row per step (HDF5, zarr, npz, token files). Columns are read
 * side by side, one row at a time, so memory holds one row (or one chunk of the file) per column.
 */
import { type ActionPart, DataError, type Image, type StatePart, type Step } from "@orrery/core";
import type { DType } from "./arrays.ts";
import { decodePicture, type PixelLayout, pictureFromRow, pixelScale } from "./pictures.ts";

export interface Column {
  /** Name within the source, for messages. */
  readonly name: string;
  readonly rows: number;
  /** Shape of one row, [] for a scalar. */
  readonly rowShape: readonly number[];
  readonly dtype: DType;
  /** Rows [from, to) in order. A row may reuse no buffer: the store keeps it until the next step. */
  read(from: number, to: number): AsyncIterable<Uint8Array | Float64Array>;
}

export interface CameraColumn {
  readonly name: string;
  readonly column: Column;
  readonly width: number;
  readonly height: number;
  /** How raw pixels lie; absent where each row is an encoded picture, padded with zeros. */
  readonly raw?: PixelLayout;
}

/** Which column becomes what. State and action are joined in the order given. */
export interface ColumnPlan {
  readonly state: readonly Column[];
  readonly action: readonly Column[];
  readonly cameras: readonly CameraColumn[];
  readonly extra: Readonly<Record<string, Column>>;
  readonly reward?: Column;
  readonly done?: Column;
}

/** Numbers in one row of a column. */
export function rowWidth(column: Column): number {
  return column.rowShape.reduce((product, n) => product * n, 1);
}

/** A part of the embodiment for a column whose units the file does not say. */
export function statePartOf(column: Column, name: string, unit = "1"): StatePart {
  return { name, width: rowWidth(column), unit };
}

export function actionPartOf(
  column: Column,
  name: string,
  mode: ActionPart["mode"] = "absolute",
): ActionPart {
  return { ...statePartOf(column, name), kind: "continuous", mode };
}

/** Steps [from, to) of the planned columns. @throws {DataError} if a column ends early or a picture is damaged */
export async function* stepsOf(plan: ColumnPlan, from: number, to: number): AsyncGenerator<Step> {
  const open = (column: Column): RowReader => new RowReader(column, from, to);
  const state = plan.state.map(open);
  const action = plan.action.map(open);
  const cameras = plan.cameras.map((camera) => ({ camera, rows: open(camera.column) }));
  const extra = Object.entries(plan.extra).map(([name, column]) => ({ name, rows: open(column) }));
  const reward = plan.reward && open(plan.reward);
  const done = plan.done && open(plan.done);
  const scales = new Map<string, 1 | 255>();
  try {
    for (let t = from; t < to; t++) {
      const images: Record<string, Image> = {};
      for (const { camera, rows } of cameras) {
        const row = await rows.next();
        if (!camera.raw) {
          images[camera.name] = await decodePicture(withoutPadding(row), `${camera.column.name} row ${t}`);
          continue;
        }
        const scale = scales.get(camera.name) ?? pixelScale(row, camera.column.dtype);
        scales.set(camera.name, scale); // the first row decides, so that brightness does not jump
        images[camera.name] = pictureFromRow(row, camera.raw, scale);
      }
      const extras: Record<string, ArrayLike<number>> = {};
      for (const { name, rows } of extra) extras[name] = await rows.next();
      yield {
        images,
        ...(state.length > 0 && { state: await joined(state) }),
        ...(action.length > 0 && { action: await joined(action) }),
        ...(reward && { reward: (await reward.next())[0] ?? Number.NaN }),
        ...(done && { done: (await done.next())[0] === 1 }),
        ...(extra.length > 0 && { extra: extras }),
      };
    }
  } finally {
    const all = [...state, ...action, ...cameras.map((c) => c.rows), ...extra.map((e) => e.rows)];
    for (const rows of [...all, reward, done]) await rows?.close();
  }
}

/** Pulls one row after another out of a column. */
class RowReader {
  readonly #rows: AsyncIterator<Uint8Array | Float64Array>;
  readonly #name: string;

  constructor(column: Column, from: number, to: number) {
    this.#rows = column.read(from, to)[Symbol.asyncIterator]();
    this.#name = column.name;
  }

  async next(): Promise<Uint8Array | Float64Array> {
    const result = await this.#rows.next();
    if (result.done) throw new DataError(`${this.#name}: has fewer rows than the episode it belongs to.`);
    return result.value;
  }

  async close(): Promise<void> {
    await this.#rows.return?.();
  }
}

async function joined(readers: readonly RowReader[]): Promise<Float64Array> {
  const rows: (Uint8Array | Float64Array)[] = [];
  for (const reader of readers) rows.push(await reader.next());
  const out = new Float64Array(rows.reduce((sum, row) => sum + row.length, 0));
  let at = 0;
  for (const row of rows) {
    out.set(row, at);
    at += row.length;
  }
  return out;
}

/** Fixed-width rows hold a picture followed by zeros; no encoded picture ends in a zero that matters. */
function withoutPadding(row: Uint8Array | Float64Array): Uint8Array {
  const bytes = row instanceof Uint8Array ? row : Uint8Array.from(row);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}
