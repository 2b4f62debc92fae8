/** Mixtures: which datasets are learnt from, and how often each is drawn (Node only). */
export { loadMixtureFile, writeMixtureFile, type MixtureFile, type MixtureSpec } from "./mixture-file.ts";
export { openMixture, readMixture, type Mixture, type MixtureSource, type StreamTotal } from "./mixture.ts";
export { openSource, type SourceChoice } from "./curated.ts";
