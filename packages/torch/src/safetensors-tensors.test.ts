import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { randn, tensor, zeros } from "./create.ts";
import { Generator } from "./generator.ts";
import { liveTensorCount } from "./memory.ts";
import { MLP } from "./nn/mlp.ts";
import { SafetensorsFile, writeSafetensors } from "./safetensors-file.ts";
import { loadTensors, saveTensorFile, saveTensors } from "./safetensors-tensors.ts";

const folder = mkdtempSync(join(tmpdir(), "tensors-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("every dtype and shape comes back bit for bit", () => {
  const normal = randn([3, 4], { generator: new Generator(1) });
  const tensors = new Map([
    ["f32", normal.t()], // not contiguous: the file holds the elements in the order of its shape
    ["f64", normal.double()],
    ["f16", normal.half()],
    ["bf16", normal.to("bfloat16")],
    ["bool", tensor([true, false])],
    ["u8", tensor([0, 255], { dtype: "uint8" })],
    ["i64", tensor([-(2n ** 62n)])],
    ["i32", tensor([-7], { dtype: "int32" })],
    ["scalar", tensor(3)],
    ["empty", zeros([0, 5])],
  ]);
  const path = join(folder, "all.safetensors");
  saveTensorFile(path, tensors);
  const loaded = loadTensors(path);
  for (const [name, value] of tensors) {
    const found = loaded.get(name);
    expect([found?.dtype, found?.shape], name).toEqual([value.dtype, value.shape]);
    expect(found?.equal(value), name).toBe(true);
  }
  expect([...loadTensors(path, ["u8"]).keys()]).toEqual(["u8"]);
});

test("a model moves through shards, halved in size as bfloat16, and leaves nothing behind", () => {
  const model = new MLP([8, 64, 8], new Generator(2));
  const at = join(folder, "release");
  const before = liveTensorCount();
  const names = saveTensors(at, model.stateDict(), { maxShardBytes: 1900, floatDtype: "bfloat16" });
  expect(liveTensorCount()).toBeLessThanOrEqual(before);
  expect(names).toEqual(readdirSync(at).sort());
  expect(names).toContain("model.safetensors.index.json");

  const other = new MLP([8, 64, 8], new Generator(3));
  other.loadStateDict(loadTensors(at));
  for (const [name, p] of model.namedParameters()) {
    // bfloat16 keeps eight bits of mantissa.
    expect(
      other
        .stateDict()
        .get(name)
        ?.allclose(p, 2 ** -8, 0),
      name,
    ).toBe(true);
  }
});

test("a dtype that libtorch has not is refused by name", () => {
  const path = join(folder, "u32.safetensors");
  writeSafetensors(path, [{ name: "hash", dtype: "U32", shape: [1], bytes: new Uint8Array(4) }]);
  using file = new SafetensorsFile(path); // the file itself is fine
  expect(file.names).toEqual(["hash"]);
  expect(() => loadTensors(path)).toThrow(/"hash" must be one of .*, got U32/);
});
