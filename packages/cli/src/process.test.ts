import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Work that never ends by itself; it prints what its signal says. `obeys` decides whether it stops when asked. */
function startWork(obeys: boolean): ReturnType<typeof spawn> {
  const code = `
    import { interruptSignal, guardProcess } from "./packages/cli/src/process.ts";
    guardProcess();
    const signal = interruptSignal();
    const timer = setInterval(() => {}, 1000);
    signal.addEventListener("abort", () => { console.log("asked to stop"); if (${obeys}) clearInterval(timer); });
    console.log("ready");
  `;
  return spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", code], { cwd: ROOT });
}

test("one interrupt stops the work, delivered twice or not", async () => {
  const child = startWork(true);
  const said: string[] = [];
  child.stdout?.on("data", (text) => {
    said.push(String(text).trim());
    if (String(text).includes("ready")) {
      child.kill("SIGINT");
      child.kill("SIGINT");
    }
  });
  const [code] = await once(child, "close");
  expect(code).toBe(0);
  expect(said.join(" ")).toBe("ready asked to stop");
});

test("a second interrupt ends a process that does not obey", async () => {
  const child = startWork(false);
  child.stdout?.on("data", (text) => {
    if (String(text).includes("ready")) child.kill("SIGTERM");
    if (String(text).includes("asked")) setTimeout(() => child.kill("SIGINT"), 700);
  });
  const [code] = await once(child, "close");
  expect(code).toBe(1);
});
