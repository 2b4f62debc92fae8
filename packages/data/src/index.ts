/** Public names of this package. */
export * from "./source.ts";
