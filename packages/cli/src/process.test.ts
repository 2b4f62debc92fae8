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

test("an interrupt that comes while a command begins to listen is heard", async () => {
  const code = `
    import { interruptSignal, guardProcess } from "./packages/cli/src/process.ts";
    process.once("SIGINT", () => console.log("heard by who loads"));
    process.kill(process.pid, "SIGINT");
    guardProcess();
    const signal = interruptSignal();
    signal.addEventListener("abort", () => { console.log("asked to stop"); clearTimeout(timer); });
    const timer = setTimeout(() => {}, 5000);
  `;
  const args = ["--import", "tsx", "--input-type=module", "-e", code];
  const child = spawn(process.execPath, args, { cwd: ROOT });
  let stdout = "";
  child.stdout.on("data", (text) => (stdout += String(text)));
  const [exitCode] = await once(child, "close");
  expect([exitCode, stdout]).toEqual([0, "asked to stop\n"]);
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

test.each(["SIGINT", "SIGTERM"] as const)("%s ends work that never asked for a signal", async (name) => {
  const code = `
    import { guardProcess } from "./packages/cli/src/process.ts";
    guardProcess();
    setInterval(() => {}, 1000);
    console.error("ready");
  `;
  const args = ["--import", "tsx", "--input-type=module", "-e", code, "--", "--json"];
  const child = spawn(process.execPath, args, { cwd: ROOT });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => (stdout += String(text)));
  child.stderr.on("data", (text) => {
    stderr += String(text);
    if (String(text).includes("ready")) child.kill(name);
  });
  const [exitCode, signal] = await once(child, "close");
  expect([exitCode, signal]).toEqual([1, null]);
  expect(stderr).toMatch(/^ready\n\norrery: stopped before its end; .*\n$/);
  expect(JSON.parse(stdout)).toEqual({ error: expect.stringContaining("stopped before its end") as string });
});

test("what nobody caught ends with 1, its stack, and one JSON object where that was asked for", async () => {
  const code = `
    import { guardProcess } from "./packages/cli/src/process.ts";
    guardProcess();
    setTimeout(() => { throw new Error("out of the blue"); });
  `;
  const args = ["--import", "tsx", "--input-type=module", "-e", code, "--", "--json"];
  const child = spawn(process.execPath, args, { cwd: ROOT });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => (stdout += String(text)));
  child.stderr.on("data", (text) => (stderr += String(text)));
  const [exitCode] = await once(child, "close");
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout)).toEqual({ error: "internal: out of the blue" });
  expect(stderr).toMatch(/^orrery: internal: out of the blue\nThis is a defect/);
});
