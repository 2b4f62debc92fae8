/** A child for the tests of `OrderedProcess`: doubles numbers, and does what words say. */
import { UsageError } from "../../errors.ts";
import { answerOrders } from "../ordered-process.ts";

answerOrders(async ({ factor }: { factor: number }) => {
  if (factor === 0) throw new UsageError("moody: the factor must not be 0.");
  return async (order: number | "die" | "hang" | "refuse" | "break") => {
    if (order === "die") process.kill(process.pid, "SIGKILL");
    if (order === "hang") for (;;);
    if (order === "refuse") throw new UsageError("moody: that is not done.");
    if (order === "break") throw new TypeError("broken");
    return { pid: process.pid, value: factor * Number(order) };
  };
});
