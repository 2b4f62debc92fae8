/** The module names that a TypeScript file imports, and where. */

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** True for `import type` and `export type`: nothing of it is left at run time. */
  readonly isType: boolean;
}

/**
 * Static and dynamic imports, re-exports, `require`, `import.meta.resolve`, and code reached by
 * `new URL("./x.ts", import.meta.url)`. Names put together at run time are not seen.
 */
export function importsOf(source: string): Import[] {
  const code = blankComments(source);
  return PATTERNS.flatMap((pattern) =>
    [...code.matchAll(pattern)].map((match) => ({
      specifier: match.groups?.["name"] ?? "",
      line: code.slice(0, match.index).split("\n").length,
      isType: match.groups?.["type"] !== undefined,
    })),
  );
}

const PATTERNS = [
  /^[ \t]*(?:import|export)\s+(?<type>type\s)?(?:[\w$*\s{},]+?\sfrom\s*)?["'](?<name>[^"'\n]+)["']/gm,
  /\bimport\s*\(\s*["'](?<name>[^"'\n]+)["']/g,
  /\brequire(?:\.resolve)?\s*\(\s*["'](?<name>[^"'\n]+)["']/g,
  /\bimport\.meta\.resolve\s*\(\s*["'](?<name>[^"'\n]+)["']/g,
  /\bnew\s+URL\s*\(\s*["'](?<name>\.[^"'\n]+\.[cm]?[jt]sx?)["']\s*,\s*import\.meta\.url/g,
];

/** Comments turned into blanks, so that line numbers stay; strings are kept whole, for they hold the names. */
export function blankComments(source: string): string {
  const token = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return source.replace(token, (text) => {
    if (text.startsWith("//") || text.startsWith("/*")) return text.replace(/[^\n]/g, " ");
    // A template may quote code; none of it is an import.
    return text.startsWith("`") ? text.replace(/[^\n`]/g, " ") : text;
  });
}
