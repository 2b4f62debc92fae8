/** A world model and a VLA-style policy on equal terms. */
export {
  runDivide,
  type Contender,
  type DivideOptions,
  type DivideResult,
  type TrainOrder,
} from "./divide.ts";
export { assertMatched, compareTraining, TOLERANCE, type MatchLine, type TrainingFacts } from "./matching.ts";
export { divideMarkdown, divideReport } from "./report.ts";
export { judge, latencyOf, type Latency, type SideName, type SideScore, type Verdict } from "./verdict.ts";
