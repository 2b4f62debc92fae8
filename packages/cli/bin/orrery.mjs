#!/usr/bin/env node
// Lets Node run the TypeScript sources, then hands over to the command line.
import { register } from "tsx/esm/api";

register();
await import("../src/main.ts");
