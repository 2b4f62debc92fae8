/** Policies that imitate: VLA-style with language, behaviour cloning without. */
export {
  isPolicyConfig,
  loadPolicyConfig,
  parsePolicyConfig,
  policyPresetNames,
  type PolicyConfig,
  type PolicyFamily,
} from "./config.ts";
export { PolicyNet, type FeatureWidths, type PolicyFacts } from "./nets/policy-net.ts";
export { batchForPace, type Pace } from "./pace.ts";
export { openPolicy, type LoadedPolicy } from "./open-policy.ts";
export type { Backbone, Pictures } from "./perception.ts";
export { ImitationPolicy, type ImitationPolicyOptions } from "./policy.ts";
export { isPolicyRun, loadPolicyNet, readPolicyConfig } from "./release.ts";
export { sizedTo, type Sized } from "./size.ts";
export {
  policyFacts,
  trainPolicy,
  type PolicyProgress,
  type TrainPolicyOptions,
  type TrainPolicyResult,
} from "./trainer.ts";
