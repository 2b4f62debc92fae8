export * from "./embodiment.ts";
export * from "./episode.ts";
export * from "./errors.ts";
export * from "./record.ts";
export * from "./rng.ts";
export * from "./suggest.ts";
export * from "./world.ts";
