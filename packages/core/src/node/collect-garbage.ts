/** Collecting garbage on demand, so that what is counted afterwards is not how far behind the collector happens to be. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Finalizers run in a task of their own. */
const FINALIZERS_MS = 50;

let collect: (() => void) | undefined;

/** Collects at once; what finalizers free is free a moment later. For tests and measurements of memory. */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
}

/** Collects, and waits for finalizers. */
export async function settleGarbage(): Promise<void> {
  collectGarbage();
  await new Promise((resolve) => setTimeout(resolve, FINALIZERS_MS));
}
