/** Public names of this package. */
export * from "./report/index.ts";
