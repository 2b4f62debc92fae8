import { expect, test } from "vitest";
import {
  arange,
  cat,
  empty,
  eye,
  fromBytes,
  fromTyped,
  full,
  linspace,
  ones,
  randn,
  tensor,
  TorchError,
  zeros,
  type DType,
  type Tensor,
} from "./index.ts";

test("tensor reads nested values and infers a dtype that JS can mean", () => {
  const t = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect([t.shape, t.rank, t.numel, t.dtype, t.device]).toEqual([[2, 3], 2, 6, "float32", "cpu"]);
  expect(t.toArray()).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect(tensor(2.5).shape).toEqual([]);
  expect(tensor(2.5).item()).toBe(2.5);
  expect(tensor([true, false]).dtype).toBe("bool");
  expect(tensor([1n, 2n ** 60n]).toArray()).toEqual([1, 2n ** 60n]);
  expect(tensor([]).shape).toEqual([0]);
  expect(() => tensor([[1, 2], [3]])).toThrow("every row at depth 1 must have shape the first one's [2]");
});

test.each<[DType, number[]]>([
  ["bool", [0, 1, 1]],
  ["uint8", [0, 200, 255]],
  ["int8", [-128, 0, 127]],
  ["int16", [-32768, 5, 32767]],
  ["int32", [-(2 ** 31), 5, 2 ** 31 - 1]],
  ["int64", [-(2 ** 53) + 1, 5, 2 ** 53 - 1]],
  ["float16", [-1.5, 0.25, 65504]],
  ["bfloat16", [-1.5, 0.25, 2 ** 100]],
  ["float32", [-1.5, Math.fround(0.1), 2 ** 100]],
  ["float64", [-1.5, 0.1, 1e300]],
])("%s values survive the way in and out", (dtype, values) => {
  const t = fromTyped(Float64Array.from(values), [3], { dtype });
  expect(t.dtype).toBe(dtype);
  expect([...t.toTyped()].map(Number)).toEqual(values);
  expect([...fromTyped(t.toTyped(), [3], { dtype }).toTyped()].map(Number)).toEqual(values);
  const copy = fromBytes(t.rawBytes(), [3], dtype);
  expect([copy.dtype, copy.equal(t)]).toEqual([dtype, true]);
});

test("raw bytes are little-endian and row-major, also of a transposed view", () => {
  expect([...tensor([1], { dtype: "bfloat16" }).rawBytes()]).toEqual([0x80, 0x3f]);
  const view = arange(4, { dtype: "uint8" }).reshape([2, 2]).t();
  expect(view.isContiguous).toBe(false);
  expect([...view.rawBytes()]).toEqual([0, 2, 1, 3]);
});

test("typed arrays must fit the shape, and share only where nothing is converted", () => {
  expect(() => fromTyped(new Float32Array(5), [2, 3])).toThrow("the shape needs 24 bytes, the array has 20");
  expect(() => fromTyped(new Float32Array(6), [6], { share: true, dtype: "bfloat16" })).toThrow(
    /share needs the array's own dtype/,
  );
  const part = new Float32Array([0, 1, 2, 3]).subarray(1, 3); // starts inside its buffer
  expect(fromTyped(part, [2]).toArray()).toEqual([1, 2]);
});

test("filled and spaced tensors", () => {
  expect(full([2], 7, { dtype: "int32" }).toArray()).toEqual([7, 7]);
  expect(full([2], 7).dtype).toBe("float32");
  expect(arange(3).toArray()).toEqual([0, 1, 2]);
  expect(arange(1, 7, 2, { dtype: "int64" }).toArray()).toEqual([1, 3, 5]);
  expect(linspace(0, 1, 5).toArray()).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect(eye(2).toArray()).toEqual([
    [1, 0],
    [0, 1],
  ]);
  expect(ones([1, 2], { dtype: "bool" }).toArray()).toEqual([[true, true]]);
  expect(empty([2, 0]).numel).toBe(0);
});

test("numbers keep the tensor's dtype where they can", () => {
  const counts = tensor([1, 2, 3], { dtype: "int64" });
  expect(counts.mul(2).dtype).toBe("int64");
  expect(counts.div(2).toArray()).toEqual([0.5, 1, 1.5]);
  expect(counts.mul(0.5).dtype).toBe("float32");
  expect(counts.floorDivide(2).toArray()).toEqual([0, 1, 1]);
  expect(tensor([-3]).remainder(2).item()).toBe(1);
});

test("clamp takes numbers, tensors, or one side only", () => {
  const t = tensor([-2, 0, 2]);
  expect(t.clamp(-1, 1).toArray()).toEqual([-1, 0, 1]);
  expect(t.clamp(0).toArray()).toEqual([0, 0, 2]);
  expect(t.clamp(null, 0).toArray()).toEqual([-2, 0, 0]);
  expect(t.clamp(tensor([0, 1, 2]), 1).toArray()).toEqual([0, 1, 1]);
  expect(t.clamp(-1, tensor([0, 0, 0])).toArray()).toEqual([-1, 0, 0]);
  expect(t.clamp(tensor([0, 0, 0]), tensor([1, 1, 1])).toArray()).toEqual([0, 0, 1]);
});

test("views share memory, copies do not", () => {
  const t = zeros([2, 3]);
  t.select(0, 1).fill_(5);
  t.narrow(1, 0, 1).fill_(7);
  expect(t.toArray()).toEqual([
    [7, 0, 0],
    [7, 5, 5],
  ]);
  expect(t.view([6]).dataPointer).toBe(t.dataPointer);
  expect(t.clone().dataPointer).not.toBe(t.dataPointer);
  expect(t.t().stride).toEqual([1, 3]);
  expect(t.split([1, 2], 1).map((part) => part.shape)).toEqual([
    [2, 1],
    [2, 2],
  ]);
});

test("indexing with tensors, null for a whole dimension", () => {
  const t = arange(6).reshape([2, 3]);
  const columns = tensor([2, 0], { dtype: "int64" });
  expect(t.index([null, columns]).toArray()).toEqual([
    [2, 0],
    [5, 3],
  ]);
  expect(t.index([t.gt(3)]).toArray()).toEqual([4, 5]);
  expect(
    zeros([2, 3])
      .indexPut_([null, columns], tensor([9, 8]))
      .toArray(),
  ).toEqual([
    [8, 0, 9],
    [8, 0, 9],
  ]);
});

test("to converts dtype and device, and is free when nothing changes", () => {
  const t = tensor([1.7, -1.7]);
  expect(t.to("int64").toArray()).toEqual([1, -1]);
  expect(t.to({ dtype: "bfloat16" }).dtype).toBe("bfloat16");
  expect(t.to("float32").dataPointer).toBe(t.dataPointer);
  expect(t.to({ device: "cpu", dtype: "float64" }).dtype).toBe("float64");
  expect(() => t.to("float31")).toThrow(/dtype must be one of bool|uint8/);
});

test("errors name the operator, the reason and the shapes, and leave the process usable", () => {
  const a = zeros([2, 3]);
  const b = zeros([4, 5], { dtype: "float64" });
  expect(() => a.matmul(b)).toThrow(TorchError);
  expect(() => a.matmul(zeros([4, 5]))).toThrow(
    "matmul: mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5) (self: float [2, 3], other: float [4, 5])",
  );
  expect(() => cat([a, b.float()])).toThrow(
    /cat: Sizes of tensors must match.*tensors: \(float \[2, 3\]; float \[4, 5\]\)/,
  );
  expect(() => a.reshape([2.5, 2])).toThrow('reshape: argument "shape" must be an integer, got 2.5');
  expect(() => a.add("x" as unknown as Tensor)).toThrow(/add.Tensor: argument "other"/);
  expect(() => zeros([1], { device: "warp:1" })).toThrow(/zeros: argument "device"|Expected one of cpu/);
  expect(() => zeros([2 ** 50])).toThrow(/zeros: .*(memory|allocate)/);
  expect(() => a.item()).toThrow("item: the tensor must have shape [] (one element), got [2, 3]");
  expect(a.add(1).sum().item()).toBe(6);
});

test("large values come out exactly or not at all", () => {
  const big = tensor([2n ** 60n]);
  expect(() => big.item()).toThrow(/a JS number is exact up to 2\^53 - 1, the value is 1152921504606846976/);
  expect(big.toTyped()[0]).toBe(2n ** 60n);
});

test("tensors print in the manner of torch", () => {
  expect(
    tensor([
      [1, 2.5],
      [-3, 4],
    ]).toString(),
  ).toBe("tensor([[ 1.0000,  2.5000],\n        [-3.0000,  4.0000]])");
  expect(tensor([1, 20]).toString()).toBe("tensor([ 1., 20.])");
  expect(tensor([1, NaN, Infinity]).toString()).toBe("tensor([ 1., nan, inf])");
  expect(tensor([1e-8, 1]).toString()).toBe("tensor([1.0000e-8, 1.0000e+0])");
  expect(tensor([3, 10], { dtype: "int64" }).toString()).toBe("tensor([ 3, 10])");
  expect(tensor([true]).toString()).toBe("tensor([true])");
  expect(tensor(1.5, { dtype: "bfloat16" }).toString()).toBe("tensor(1.5000, dtype=bfloat16)");
  expect(zeros([2, 0]).toString()).toBe("tensor([[],\n        []], shape=[2, 0])");
  expect(arange(2000).toString()).toBe("tensor([   0.,    1.,    2., ..., 1997., 1998., 1999.])");
  expect(randn([2, 2, 2]).zero_().toString()).toBe(
    "tensor([[[0., 0.],\n         [0., 0.]],\n\n        [[0., 0.],\n         [0., 0.]]])",
  );
});
