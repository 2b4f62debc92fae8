/** Curation: verdicts with reasons on every frame, beside the dataset (Node only). */
export {
  loadCurationConfig,
  parseCurationConfig,
  type CurationConfig,
  type CurationSettings,
} from "./config.ts";
export { curateDataset, type CurateOptions, type CurationProgress } from "./curate.ts";
export { curationExamples, type CurationExample, type ExampleOptions } from "./examples.ts";
export { VERDICTS, type Finding, type Verdict } from "./finding.ts";
export type { CurationReport, OperatorTotal, VerdictTotal } from "./report.ts";
export { keptSpansOf, readCuration, type CuratedEpisode, type Curation } from "./sidecar.ts";
export type { Span } from "./spans.ts";
