/**
 * From a type in libtorch's schema language to TypeScript: its type, and how a value crosses into the addon and back.
 */
import type { ArgumentSchema } from "../native.ts";

/** How one schema type is written in TypeScript. */
export interface TypeMapping {
  /** The TypeScript type of an argument. */
  readonly input: string;
  /** The expression handed to the addon, for an argument called `name`. */
  readonly send: (name: string) => string;
  /** The TypeScript type of a result. */
  readonly output: string;
  /** What the addon returns for it. */
  readonly raw: string;
  /** The expression that turns the addon's result into `output`. */
  readonly receive: (raw: string) => string;
}

const asIs = (value: string): string => value;
const plain = (input: string, output = input): TypeMapping => ({
  input,
  output,
  raw: output,
  send: asIs,
  receive: asIs,
});
const list = (element: string): TypeMapping => plain(`readonly ${element}[]`, `${element}[]`);

const tensor: TypeMapping = {
  input: "Tensor",
  output: "Tensor",
  raw: "number",
  send: (name) => `${name}.handle`,
  receive: (raw) => `wrap(${raw})`,
};
const tensors: TypeMapping = {
  input: "readonly Tensor[]",
  output: "Tensor[]",
  raw: "number[]",
  send: (name) => `handlesOf(${name})`,
  receive: (raw) => `wrapAll(${raw})`,
};
const dtype: TypeMapping = {
  ...plain("DType"),
  raw: "number",
  send: (name) => `dtypeCode(${name})`,
  receive: (raw) => `dtypeName(${raw})`,
};

const mappings: Readonly<Record<string, TypeMapping>> = {
  Tensor: tensor,
  "Tensor[]": tensors,
  "Tensor?[]": { ...tensors, input: "readonly (Tensor | null)[]" },
  int: plain("number"),
  SymInt: plain("number"),
  float: plain("number"),
  bool: plain("boolean"),
  Scalar: plain("Scalar"),
  str: plain("string"),
  Device: plain("Device"),
  Layout: { ...plain("Layout"), send: (name) => `layoutCode(${name})` },
  MemoryFormat: { ...plain("MemoryFormat"), send: (name) => `memoryFormatCode(${name})` },
  ScalarType: dtype,
  Generator: { ...plain("Generator"), send: (name) => `generatorHandle(${name})` },
  "int[]": list("number"),
  "SymInt[]": list("number"),
  "float[]": list("number"),
  "bool[]": list("boolean"),
  "Scalar[]": list("Scalar"),
};

/** Types that arguments may have but results may not, since nothing in JS stands for them. */
const inputOnly = new Set(["Layout", "MemoryFormat", "Generator", "Tensor?[]"]);

/** The mapping of an argument's type, or undefined when no JS value can stand for it. */
export function mapArgument(argument: ArgumentSchema): TypeMapping | undefined {
  const isOptional = argument.type.endsWith("?");
  const base = mappings[isOptional ? argument.type.slice(0, -1) : argument.type];
  if (base === undefined) return undefined;
  // int[2] also takes one number for all its places.
  const input = argument.length > 0 && base.input.endsWith("[]") ? `number | ${base.input}` : base.input;
  if (!isOptional) return { ...base, input };
  return {
    ...base,
    input: `${input} | null`,
    send: base === tensor ? (name) => `handleOf(${name})` : base.send,
  };
}

/** The mapping of a result's type, or undefined when no JS value can stand for it. */
export function mapResult(result: ArgumentSchema): TypeMapping | undefined {
  return inputOnly.has(result.type) ? undefined : mappings[result.type];
}
