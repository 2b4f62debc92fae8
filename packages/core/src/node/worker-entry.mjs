// First module of every worker thread: lets the thread read TypeScript, then runs the file it was started for.
// Plain JavaScript, because `--import tsx` has no effect inside a worker thread of Node 20.
import { register } from "tsx/esm/api";

register();
await import(process.argv[2]);
