export * from "./atomic.ts";
export * from "./collect-garbage.ts";
export * from "./crew.ts";
export * from "./lock.ts";
export * from "./native-thread.ts";
export * from "./ordered-process.ts";
export * from "./worker.ts";
