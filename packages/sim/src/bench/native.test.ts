import { expect, test } from "vitest";
import { compareWithNative, plainMjcf } from "./native.ts";

test("what MuJoCo 2.2 does not know is taken out", () => {
  const xml =
    '<option a="1"><flag sleep="enable"/></option><body name="b" gravcomp="1"/><position kp="3" dampratio="1"/>';
  expect(plainMjcf(xml)).toBe('<option a="1"></option><body name="b"/><position kp="3"/>');
});

test("both sides step the model, or the reason why not is given", async () => {
  const xml =
    '<mujoco><worldbody><body name="b"><freejoint/><geom name="g" size="0.1"/></body></worldbody></mujoco>';
  const result = await compareWithNative(xml, { seconds: 0.05, rounds: 1 });
  expect(result.oursStepsPerSecond).toBeGreaterThan(1000);
  if (result.nativeStepsPerSecond === null) expect(result.skipped).toMatch(/libmujoco-dev|does not run/);
  else expect(result.ratio).toBeCloseTo(result.oursStepsPerSecond / result.nativeStepsPerSecond, 6);
});
