export { AdamW, type AdamWGroup, type AdamWOptions } from "./adamw.ts";
export { clipGradNorm } from "./clip.ts";
export { Ema, type EmaOptions } from "./ema.ts";
export { Muon, MuonWithAdamW, orthogonalize, type MuonOptions, type MuonWithAdamWOptions } from "./muon.ts";
export type { NamedParameters, Optimizer } from "./optimizer.ts";
export * from "./schedule.ts";
