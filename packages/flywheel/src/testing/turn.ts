/** A flywheel on fakes as a process of its own, for tests that kill it: `turn.ts FOLDER [--resume]`. */
import { runFlywheel } from "../loop/flywheel.ts";
import { fakeParts, fakeSettings } from "./parts.ts";

const [out = "", flag] = process.argv.slice(2);
await runFlywheel({ out, settings: fakeSettings, parts: fakeParts, resume: flag === "--resume" });
