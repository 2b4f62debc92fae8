/** Which code made a release: version, commit, and whether the working tree had changes that no commit holds. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface CodeVersion {
  readonly version: string;
  /** Whole hash; null where there is no repository. */
  readonly commit: string | null;
  /** Files of the repository had been changed since the commit; null where there is no repository. */
  readonly isDirty: boolean | null;
}

export function codeVersion(): CodeVersion {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  try {
    const commit = git("rev-parse", "HEAD").trim();
    return { version, commit, isDirty: git("status", "--porcelain", "--untracked-files=no").trim() !== "" };
  } catch {
    return { version, commit: null, isDirty: null }; // not a checkout, or no git
  }
}

function git(...args: readonly string[]): string {
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  return execFileSync("git", args, { cwd, stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" });
}
