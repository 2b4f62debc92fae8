export * from "./atomic.ts";
export * from "./worker.ts";
