import { expect, test } from "vitest";
import { PhaseClock, WARM_START, type ClockOptions } from "./clock.ts";

const byStep: ClockOptions = { warmupSteps: 4, decayShare: 0.4, steps: 20 };

/** Learning rate factors of all steps of a phase whose steps take `seconds` each. */
function factors(clock: PhaseClock, seconds: (step: number) => number = () => 1): number[] {
  const out: number[] = [];
  while (!clock.isDone) {
    out.push(clock.factor);
    clock.tick(seconds(out.length));
  }
  return out;
}

test("by steps: warms up, holds, falls to a hundredth", () => {
  const found = factors(new PhaseClock(byStep));
  expect(found).toHaveLength(20);
  expect(found.slice(0, 5)).toEqual([0.25, 0.5, 0.75, 1, 1]);
  expect(found.slice(4, 13)).toEqual(Array.from({ length: 9 }, () => 1));
  // Steps 12 to 19 fall by 0.99 / 8 each.
  for (let step = 12; step < 20; step++) expect(found[step]).toBeCloseTo(1 - (0.99 * (step - 12)) / 8, 12);
});

test("the steps of the decay are told from those before, with a time limit too", () => {
  const decaying = (clock: PhaseClock): number[] => {
    const steps: number[] = [];
    for (; !clock.isDone; clock.tick(1)) if (clock.isDecaying) steps.push(clock.step);
    return steps;
  };
  expect(decaying(new PhaseClock(byStep))).toEqual([12, 13, 14, 15, 16, 17, 18, 19]);
  const timed = decaying(new PhaseClock({ ...byStep, limitSec: 10 }));
  expect(timed).toEqual([6, 7, 8, 9]);
});

test("by time: the decay begins when the rest of the time is what it needs", () => {
  const clock = new PhaseClock({ ...byStep, steps: 3, limitSec: 100 });
  const found = factors(clock);
  // Decay from 60 s on: 60 steps make up 60 % of 100.
  expect(found).toHaveLength(100);
  expect(found[59]).toBe(1);
  expect(found[60]).toBe(1);
  expect(found[61]).toBeCloseTo(1 - 0.99 / 40, 12);
  expect(clock.elapsedSec).toBe(100);
});

test("by time: a machine that slows down ends the phase at a tenth over the limit", () => {
  const clock = new PhaseClock({ ...byStep, limitSec: 100 });
  factors(clock, (step) => (step > 60 ? 10 : 1));
  expect(clock.elapsedSec).toBeGreaterThan(110);
  expect(clock.elapsedSec).toBeLessThanOrEqual(120);
});

test.each([3, 12, 15])("resumed at step %i a phase goes through the same factors", (at) => {
  const whole = factors(new PhaseClock(byStep));
  const first = new PhaseClock(byStep);
  for (let i = 0; i < at; i++) first.tick(1);
  const saved = JSON.parse(JSON.stringify(first.state)) as typeof first.state;
  expect(factors(new PhaseClock(byStep, saved))).toEqual(whole.slice(at));
});

test("resumed once its decay has begun, a timed phase keeps its end whatever the new limit", () => {
  const options = { ...byStep, limitSec: 100 };
  const whole = factors(new PhaseClock(options));
  const first = new PhaseClock(options);
  for (let i = 0; i < 70; i++) first.tick(1);
  expect(factors(new PhaseClock({ ...options, limitSec: 500 }, first.state), () => 0.1)).toEqual(
    whole.slice(70),
  );
});

test("a phase that goes on from a trunk begins at the full rate and ends as any other", () => {
  const cold = factors(new PhaseClock(byStep));
  const warm = factors(new PhaseClock(byStep, WARM_START));
  expect(warm).toEqual([1, 1, 1, ...cold.slice(3)]);
  // It stays so when it is stopped and resumed before its warm-up would have ended.
  const first = new PhaseClock(byStep, WARM_START);
  first.tick(1);
  expect(factors(new PhaseClock(byStep, first.state))).toEqual(warm.slice(1));
});

test("the trunk is where the decay begins, once", () => {
  const clock = new PhaseClock(byStep);
  const at: number[] = [];
  for (let step = 0; step < 20; step++, clock.tick(1)) if (clock.isAtTrunk) at.push(step);
  expect(at).toEqual([12]);
});

test("progress and time left go from all to nothing", () => {
  const clock = new PhaseClock({ ...byStep, limitSec: 100 });
  expect(clock.secondsLeft).toBeNaN();
  clock.tick(25);
  expect(clock.progress).toBeCloseTo(0.25, 12);
  expect(clock.secondsLeft).toBeCloseTo(75, 9);
  while (!clock.isDone) clock.tick(5);
  expect(clock.progress).toBe(1);
  expect(clock.secondsLeft).toBe(0);
});
