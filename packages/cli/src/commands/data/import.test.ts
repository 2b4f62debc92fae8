import { expect, test } from "vitest";
import { collectSetting } from "./import.ts";

test("settings are JSON where they parse and text where they do not", () => {
  let settings: Record<string, unknown> = {};
  for (const text of ["rate=10", "camera=top", 'topics={"a":"/b"}', "url=a=b", "off=false", "none=null"]) {
    settings = collectSetting(text, settings);
  }
  expect(settings).toEqual({
    rate: 10,
    camera: "top",
    topics: { a: "/b" },
    url: "a=b",
    off: false,
    none: null,
  });
});

test("a setting without a key is refused", () => {
  expect(() => collectSetting("=1", {})).toThrow('must be key=value, got "=1"');
  expect(() => collectSetting("rate", {})).toThrow("key=value");
});
