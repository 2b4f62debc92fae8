import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { boundOperators, generatedFor, skippedOperators } from "../generated/ops.ts";
import { callOperator, findOperator, ops, tensor, torchVersion, zeros, type Tensor } from "../index.ts";
import { native } from "../native.ts";
import { camelCase, longName } from "./names.ts";
import { generateOperators } from "./operators.ts";

const isSameVersion = torchVersion() === generatedFor;

test.skipIf(!isSameVersion)("the generated file is current; run scripts/generate.ts if not", () => {
  const { source } = generateOperators(native.listOperators("aten"), native.version());
  const stored = readFileSync(new URL("../generated/ops.ts", import.meta.url), "utf8");
  expect(stored === source).toBe(true); // not toEqual: a diff of 16,000 lines helps nobody
});

test.skipIf(!isSameVersion)("every operator is bound, or skipped with a reason", () => {
  const bound = new Set(boundOperators);
  const missing = native
    .listOperators("aten")
    .map(({ name, overload }) => (overload === "" ? name : `${name}.${overload}`))
    .filter((id) => !bound.has(id) && skippedOperators[id] === undefined);
  expect(missing).toEqual([]);
  expect(Object.keys(skippedOperators).length).toBeLessThan(boundOperators.length / 20);
});

test("names keep the underscores that carry meaning", () => {
  const long = (name: string, overload: string) =>
    longName({ name: `aten::${name}`, overload, schema: "", arguments: [], results: [] });
  expect(camelCase("scaled_dot_product_attention")).toBe("scaledDotProductAttention");
  expect(long("_softmax", "")).toBe("_softmax");
  expect(long("add_", "Tensor")).toBe("addTensor_");
  expect(long("max", "dim_max")).toBe("maxDimMax");
  expect(long("__and__", "Scalar")).toBe("__andScalar__");
});

test("generated operators return one result, several, lists, and plain values", () => {
  const t = tensor([[3, 1, 2]]);
  expect(ops.neg(t).toArray()).toEqual([[-3, -1, -2]]);
  const [values, indices] = ops.sort(t);
  expect([values.toArray(), indices.toArray()]).toEqual([[[1, 2, 3]], [[1, 2, 0]]]);
  expect(ops.chunk(t, 3, 1).map((part) => part.item())).toEqual([3, 1, 2]);
  expect(ops.allclose(t, t)).toBe(true);
  expect(ops.item(ops.sum(t))).toBe(6);
  expect(ops.var(t).item()).toBe(1); // a reserved word as a name
  const out = zeros([1, 3]);
  expect(ops.addOut(t, t, 1, out)).toBe(out);
  expect(out.toArray()).toEqual([[6, 2, 4]]);
});

test("operators can be called by name, and a missing one says so", () => {
  const t = tensor([1, 2]);
  expect((callOperator("aten::add.Tensor", t, t) as Tensor).toArray()).toEqual([2, 4]);
  expect(callOperator("aten::mul_.Scalar", t, 3)).toBe(t);
  expect((callOperator("aten::cat", [t, t]) as Tensor).shape).toEqual([4]);
  expect((callOperator("aten::to.dtype", t, "int64") as Tensor).dtype).toBe("int64");
  expect(findOperator("aten::no_such_thing")).toBeUndefined();
  expect(() => callOperator("aten::no_such_thing", t)).toThrow(/has no operator "aten::no_such_thing"/);
  const index = native.bind(["aten::from_the_future.Tensor"]);
  expect(() => native.call(index, t.handle)).toThrow(
    /from_the_future\.Tensor: this libtorch .* has no such operator/,
  );
});
