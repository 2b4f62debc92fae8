/**
 * From schema names to TypeScript names. Leading and trailing underscores carry meaning in ATen (private, in-place) and stay.
 */
import type { OperatorSchema } from "../native.ts";

/** "index_select" gives "indexSelect"; "_softmax" and "add_" keep their underscores. */
export function camelCase(name: string): string {
  const [, lead = "", middle = "", tail = ""] = /^(_*)(.*?)(_*)$/.exec(name) ?? [];
  return lead + middle.replaceAll(/_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase()) + tail;
}

/** The long name: operator and overload. ("aten::add_", "Tensor") gives "addTensor_". */
export function longName(operator: OperatorSchema): string {
  const base = operator.name.slice(operator.name.indexOf("::") + 2);
  if (operator.overload === "") return camelCase(base);
  const [, stem = "", tail = ""] = /^(.*?)(_*)$/.exec(base) ?? [];
  const overload = camelCase(operator.overload);
  return camelCase(stem) + overload.charAt(0).toUpperCase() + overload.slice(1) + tail;
}

/** Which overload gets the short name where none is plain: the one people mean most often. */
const preferredOverloads = [
  "Tensor",
  "self",
  "int",
  "dim_IntList",
  "dim",
  "Scalar",
  "Tensor_Scalar",
  "input",
  "default",
  "start_step",
];

/** Picks, from the overloads of one operator, the one that gets the operator's bare name. */
export function commonOverload(overloads: readonly OperatorSchema[]): OperatorSchema | undefined {
  const named = (overload: string): OperatorSchema | undefined =>
    overloads.find((o) => o.overload === overload);
  const preferred = ["", ...preferredOverloads].map(named).find((o) => o !== undefined);
  return preferred ?? overloads.find((o) => !o.overload.endsWith("out"));
}

const reserved = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for
  function if implements import in instanceof interface let new null package private protected public return static super switch this
  throw true try typeof var void while with yield call first`.split(/\s+/),
);

/** A name that can be declared: reserved words get a `$`. */
export function declarable(name: string): string {
  return reserved.has(name) ? `$${name}` : name;
}
