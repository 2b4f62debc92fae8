/**
 * How often the expert succeeds: `npx tsx packages/sim/scripts/success.ts TASK... [--episodes N] [--body NAME] [--split NAME
 * --strength S]`.
 * One line per task with the failures and their seeds, so that each can be looked at.
 */
import { parseArgs } from "node:util";
import { TASKS, episodeSeed, makeKitchenWorld, runEpisode } from "../src/index.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    episodes: { type: "string", default: "30" },
    seed: { type: "string", default: "0" },
    body: { type: "string" },
    split: { type: "string" },
    strength: { type: "string" },
  },
});
const names = positionals.length > 0 ? positionals : TASKS.map(({ name }) => name);
const count = Number(values.episodes);

for (const task of names) {
  const world = await makeKitchenWorld({
    task,
    cameras: [],
    endless: true,
    ...(values.body === undefined ? {} : { body: values.body }),
    ...(values.split === undefined ? {} : { split: values.split }),
    ...(values.strength === undefined ? {} : { strength: Number(values.strength) }),
  });
  const failed: string[] = [];
  let steps = 0;
  for (let i = 0; i < count; i++) {
    const outcome = await runEpisode(world, "expert", episodeSeed(Number(values.seed), i), () => {});
    steps += outcome.steps;
    if (!outcome.success) failed.push(`${i}: ${outcome.failure}`);
  }
  await world.close();
  const share = ((100 * (count - failed.length)) / count).toFixed(0);
  const seconds = (steps / count / world.spec.controlRateHz).toFixed(1);
  console.log(
    `${task}: ${share} % of ${count}, ${seconds} s each${failed.length > 0 ? `; failed ${failed.join(", ")}` : ""}`,
  );
}
