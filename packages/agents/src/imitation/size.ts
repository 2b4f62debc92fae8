/** A policy of a given number of parameters, so that it can stand beside a world model on equal terms. */
import { UsageError } from "@orrery/core";
import { Generator, scope } from "@orrery/torch";
import type { PolicyConfig } from "./config.ts";
import { PolicyNet, type PolicyFacts } from "./nets/policy-net.ts";

export interface Sized {
  readonly config: PolicyConfig;
  readonly parameters: number;
}

/** As in the presets: MLPs four times as wide as their stream, the expert half as wide as the trunk. */
const MLP_RATIO = 4;
const MAX_WIDTH = 4096;

/**
 * The configuration with trunk, expert and heads widened or narrowed to `target` trained numbers. The width is the
 * largest of which a network of the usual proportions is not above the target; the trunk's MLP takes up the rest, 16
 * hidden units at a time, so that the size found differs from the target by a fraction of a percent.
 *
 * @throws {UsageError} if even the narrowest network is larger
 */
export function sizedTo(config: PolicyConfig, facts: PolicyFacts, target: number): Sized {
  let best: Sized | null = null;
  for (let numHeads = 1; numHeads * config.headWidth <= MAX_WIDTH; numHeads++) {
    const width = numHeads * config.headWidth;
    const expert = Math.max(16, 16 * Math.round(width / 32));
    const next = withCount(
      {
        ...config,
        numHeads,
        trunk: { width, mlpHidden: MLP_RATIO * width },
        expert: { width: expert, mlpHidden: MLP_RATIO * expert },
      },
      facts,
    );
    if (best !== null && next.parameters > target) break;
    best = next;
    if (next.parameters > target) break;
  }
  if (best === null || best.parameters > target) {
    throw new UsageError(
      `sizedTo: the smallest ${config.name} has ${best?.parameters} parameters, ${target} were asked for. ` +
        "Set depth, headWidth or text.width lower.",
    );
  }
  return filled(best, facts, target);
}

/** The count grows by the same amount for every 16 hidden units of the trunk's MLPs. */
function filled(from: Sized, facts: PolicyFacts, target: number): Sized {
  const widened = (units: number): PolicyConfig => {
    const { trunk } = from.config;
    return { ...from.config, trunk: { ...trunk, mlpHidden: trunk.mlpHidden + 16 * units } };
  };
  const slope = withCount(widened(1), facts).parameters - from.parameters;
  const units = slope === 0 ? 0 : Math.round((target - from.parameters) / slope);
  return units === 0 ? from : withCount(widened(units), facts);
}

/** Built and thrown away: whatever a network is made of, this is its size. */
function withCount(config: PolicyConfig, facts: PolicyFacts): Sized {
  const net = scope(() => new PolicyNet(config, facts, new Generator(0)));
  const parameters = net.numParameters();
  net.free();
  return { config, parameters };
}
