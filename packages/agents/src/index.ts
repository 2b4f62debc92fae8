/**
 * Public names of this package.
 *
 * A policy turns observations into actions behind the `Policy` contract of core, so that a harness cannot tell a
 * planner from a network from a script.
 */
export * from "./search/index.ts";
export * from "./planner/index.ts";
export * from "./policies/index.ts";
export * from "./imitation/index.ts";
export * from "./vla/index.ts";
