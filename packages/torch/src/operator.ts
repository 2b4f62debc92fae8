/**
 * Operators by name at run time: for those that the generated bindings cannot know, such as ones that only a newer libtorch has or that
 * an extension library registered.
 */
import { UsageError } from "@orrery/core";
import { dtypeCode, dtypeName, type DType } from "./dtype.ts";
import { Generator } from "./generator.ts";
import { layoutCode, memoryFormatCode, type Layout, type MemoryFormat } from "./layout.ts";
import { native, type ArgumentSchema, type OperatorSchema } from "./native.ts";
import { Tensor, wrap, wrapAll } from "./tensor/class.ts";

/** Takes arguments in schema order and returns a Tensor, a list, a plain value, or an array of several results. */
export type Operator = (...args: readonly unknown[]) => unknown;

const cache = new Map<string, Operator | undefined>();

/**
 * Looks an operator up.
 *
 * @param name "aten::add.Tensor": namespace, operator, and overload where it has one
 * @returns undefined if this libtorch has no such operator
 */
export function findOperator(name: string): Operator | undefined {
  if (!cache.has(name)) {
    const [base = "", overload = ""] = name.split(".");
    const schema = native.findOperator(base, overload);
    cache.set(name, schema && makeOperator(name, schema));
  }
  return cache.get(name);
}

/**
 * Calls an operator by name.
 *
 * @throws {UsageError} if this libtorch has no such operator
 * @throws {TorchError} if the operator refuses its arguments
 */
export function callOperator(name: string, ...args: readonly unknown[]): unknown {
  const operator = findOperator(name);
  if (operator === undefined) {
    throw new UsageError(
      `callOperator: libtorch ${native.version()} has no operator "${name}". Names read "aten::add.Tensor".`,
    );
  }
  return operator(...args);
}

function makeOperator(name: string, schema: OperatorSchema): Operator {
  const index = native.bind([name]);
  const written = schema.arguments.flatMap((argument, i) => (argument.writes ? [i] : []));
  return (...args) => {
    const raw = native.call(index, ...args.map((value, i) => toNative(value, schema.arguments[i])));
    const places = [...written];
    const results = schema.results.map((result, i) => {
      if (result.writes) return args[places.shift() ?? -1];
      return fromNative(schema.results.length === 1 ? raw : (raw as unknown[])[i], result);
    });
    return results.length === 1 ? results[0] : results.length === 0 ? undefined : results;
  };
}

function toNative(value: unknown, argument: ArgumentSchema | undefined): unknown {
  if (value instanceof Tensor || value instanceof Generator) return value.handle;
  if (Array.isArray(value)) return value.map((item: unknown) => toNative(item, undefined));
  switch (argument?.type.replace("?", "")) {
    case "ScalarType":
      return dtypeCode(value as DType | null | undefined);
    case "Layout":
      return layoutCode(value as Layout | null | undefined);
    case "MemoryFormat":
      return memoryFormatCode(value as MemoryFormat | null | undefined);
    default:
      return value;
  }
}

function fromNative(raw: unknown, result: ArgumentSchema): unknown {
  switch (result.type) {
    case "Tensor":
      return wrap(raw as number);
    case "Tensor[]":
      return wrapAll(raw as number[]);
    case "ScalarType":
      return dtypeName(raw as number);
    default:
      return raw;
  }
}
