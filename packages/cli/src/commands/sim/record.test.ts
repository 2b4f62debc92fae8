import { expect, test } from "vitest";
import { cameraList } from "./record.ts";

test("cameras are name and size", () => {
  expect(cameraList("head:64x64, left_wrist:96x72")).toEqual([
    { name: "head", width: 64, height: 64 },
    { name: "left_wrist", width: 96, height: 72 },
  ]);
  for (const text of ["head", "head:64", "head:64x", ":1x1", ""]) {
    expect(() => cameraList(text)).toThrow("head:64x64");
  }
});
