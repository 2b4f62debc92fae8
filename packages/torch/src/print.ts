/**
 * Tensors as text, in the manner of Python's torch: aligned columns, four digits, long dimensions shortened.
 */
import type { DType } from "./dtype.ts";
import type { Tensor } from "./tensor/class.ts";

const EDGE_ITEMS = 3; // shown at either end of a long dimension
const MAX_ITEMS = 1000; // above this, long dimensions are shortened
const DIGITS = 4;
const LINE_WIDTH = 80;

/** For example `tensor([[1.0000, 2.5000]], dtype=bfloat16, requiresGrad)`. */
export function printTensor(t: Tensor): string {
  if (t.isFreed) return "tensor(<freed>)";
  if (!t.isDefined) return "tensor(<undefined>)";
  const { shape, dtype, device } = t;
  const notes = [
    ...(t.numel === 0 && shape.length !== 1 ? [`shape=[${shape.join(", ")}]`] : []),
    ...(dtype === "float32" || dtype === "int64" || dtype === "bool" ? [] : [`dtype=${dtype}`]),
    ...(device === "cpu" ? [] : [`device=${device}`]),
    ...(t.requiresGrad ? [t.isLeaf ? "requiresGrad" : `gradFn=${t.gradFn}`] : []),
  ];
  return `tensor(${[printElements(t, shape, dtype), ...notes].join(", ")})`;
}

function printElements(t: Tensor, shape: readonly number[], dtype: DType): string {
  if (dtype === "complex64" || dtype === "complex128") return `<${shape.join("x")} complex>`;
  const flat = Array.from(t.toTyped(), Number);
  const shorten = flat.length > MAX_ITEMS;
  const shown = shownPlaces(shape, shorten);
  const format = makeFormat(
    shown.map((place) => flat[place] ?? 0),
    dtype,
  );

  const print = (depth: number, offset: number): string => {
    const size = shape[depth];
    if (size === undefined) return format(flat[offset] ?? 0);
    const step = shape.slice(depth + 1).reduce((product, n) => product * n, 1);
    const parts = places(size, shorten).map((i) => (i < 0 ? "..." : print(depth + 1, offset + i * step)));
    if (depth === shape.length - 1) return `[${wrapLine(parts, depth)}]`;
    const gap = ",".padEnd(shape.length - depth, "\n") + " ".repeat(depth + "tensor([".length);
    return `[${parts.join(gap)}]`;
  };
  return print(0, 0);
}

/** Indices shown along a dimension; -1 stands for the dots. */
function places(size: number, shorten: boolean): number[] {
  const all = Array.from({ length: size }, (_, i) => i);
  if (!shorten || size <= 2 * EDGE_ITEMS) return all;
  return [...all.slice(0, EDGE_ITEMS), -1, ...all.slice(-EDGE_ITEMS)];
}

function shownPlaces(shape: readonly number[], shorten: boolean): number[] {
  let offsets = [0];
  for (const size of shape) {
    const visible = places(size, shorten).filter((i) => i >= 0);
    offsets = offsets.flatMap((offset) => visible.map((i) => offset * size + i));
  }
  return offsets;
}

/** One width and one notation for all shown elements. */
function makeFormat(values: readonly number[], dtype: DType): (value: number) => string {
  const print = chooseNotation(values, dtype);
  const width = Math.max(0, ...values.map((value) => print(value).length));
  return (value) => print(value).padStart(width);
}

function chooseNotation(values: readonly number[], dtype: DType): (value: number) => string {
  if (dtype === "bool") return (value) => (value === 0 ? "false" : "true");
  if (!dtype.includes("float")) return String;
  const finite = values.filter(Number.isFinite).map(Math.abs);
  const nonZero = finite.filter((value) => value > 0);
  const largest = Math.max(...nonZero);
  const smallest = Math.min(...nonZero);
  const special = (value: number): string => (Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf");
  const isWhole = finite.every(Number.isInteger);
  const isWide = nonZero.length > 0 && (largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4);
  if (isWide && !(isWhole && largest < 1e8)) {
    return (value) => (Number.isFinite(value) ? value.toExponential(DIGITS) : special(value));
  }
  if (isWhole) return (value) => (Number.isFinite(value) ? `${value}.` : special(value));
  return (value) => (Number.isFinite(value) ? value.toFixed(DIGITS) : special(value));
}

function wrapLine(parts: readonly string[], depth: number): string {
  const indent = " ".repeat(depth + "tensor([".length);
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && indent.length + last.length + part.length + 2 <= LINE_WIDTH) {
      lines[lines.length - 1] = `${last}, ${part}`;
    } else {
      lines.push(part);
    }
  }
  return lines.join(`,\n${indent}`);
}
