/**
 * Which package may import which: arrows point down only. A package that is not listed fails the check, so that
 * a new one gets its place on purpose.
 */
const ENGINE = ["core", "torch", "data", "models", "sim"] as const;

export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  torch: ["core"],
  data: ["core"],
  sim: ["core", "data"],
  models: ["core", "torch", "data"],
  eval: ENGINE,
  agents: ENGINE,
  fleet: ["core", "data"],
  flywheel: [...ENGINE, "eval", "agents", "fleet"],
  lab: [...ENGINE, "eval", "agents", "fleet", "flywheel"],
  cli: [...ENGINE, "eval", "agents", "fleet", "flywheel", "lab"],
};

/** The only package that may hold native code. */
export const NATIVE_PACKAGE = "torch";

/** Folders whose files run in a browser as well, so they take nothing from Node. */
export const BROWSER_FOLDERS: Readonly<Record<string, (pathInPackage: string) => boolean>> = {
  core: (path) => path.startsWith("src/") && !path.startsWith("src/node/"),
};
