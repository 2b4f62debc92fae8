export * from "./atomic.ts";
export * from "./native-thread.ts";
export * from "./worker.ts";
