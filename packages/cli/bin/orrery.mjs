#!/usr/bin/env node
// Lets Node run the TypeScript sources, then hands over to the command line.

// Loading takes a moment; Ctrl-C in it ends as it does later, with a message and exit code 1, until process.ts takes over.
for (const name of ["SIGINT", "SIGTERM"]) {
  process.once(name, () => {
    process.stderr.write("\norrery: stopped before it began.\n");
    process.exit(1);
  });
}
const { register } = await import("tsx/esm/api");
register();
await import("../src/main.ts");
