import { expect, test } from "vitest";
import { filmName } from "./film-name.ts";

const key = { policy: "runs/jepa:search=icem", task: "pick", split: "seen", trial: 3 };

test("a film is named after its trial", () => {
  expect(filmName(key, true)).toBe("runs_jepa_search_icem-pick-seen-3-success.mp4");
  expect(filmName({ ...key, policy: "/runs/a b" }, false)).toBe("runs_a_b-pick-seen-3-failure.mp4");
});

test("a policy with many options has a name that fits, and one of its own", () => {
  const long = `runs/jepa:${"option=1:".repeat(60)}`;
  const [one, other] = [`${long}last=1`, `${long}last=2`].map((policy) => filmName({ ...key, policy }, true));
  expect(Buffer.byteLength(one ?? "")).toBeLessThan(160);
  expect(one).not.toBe(other);
});
