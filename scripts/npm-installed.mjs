// Exits 0 when node_modules already holds everything package-lock.json asks for, 1 otherwise.
// Plain JavaScript without imports from npm: it runs before anything is installed.
import { existsSync, readFileSync } from "node:fs";

const wanted = read("../package-lock.json");
const found = read("../node_modules/.package-lock.json");
process.exitCode = found && Object.entries(wanted).every(isInstalled) ? 0 : 1;

function isInstalled([path, { version, integrity, link, optional, os, cpu, libc }]) {
  // "" is this project itself and packages/* are its workspaces: they are not installed but linked.
  if (path === "" || path.startsWith("packages/")) return true;
  // An optional package is needed where it is the binary for this machine; without `os` it is somebody's fallback.
  if (optional && !(os && fits(os, process.platform) && fits(cpu, process.arch) && fits(libc, "glibc")))
    return true;
  if (!existsSync(new URL(`../${path}`, import.meta.url))) return false;
  return link || (found[path]?.version === version && found[path]?.integrity === integrity);
}

function fits(list, value) {
  return list === undefined || list.includes(value);
}

function read(relative) {
  const file = new URL(relative, import.meta.url);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).packages : undefined;
}
