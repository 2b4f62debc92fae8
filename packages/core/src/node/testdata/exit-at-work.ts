/** Exits with code 7 while its thread is at work. Argument: where the thread writes down what it does. */
import { NativeThread } from "../native-thread.ts";

const thread = new NativeThread(new URL("./slow-thread.ts", import.meta.url), process.argv[2]);
thread.worker.once("message", () => process.exit(7));
thread.worker.postMessage("endless");
