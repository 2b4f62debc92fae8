export * from "./atomic.ts";
export * from "./lock.ts";
export * from "./native-thread.ts";
export * from "./worker.ts";
