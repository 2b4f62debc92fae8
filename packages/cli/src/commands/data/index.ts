/** `orrery data`: into the store, out of it, and what is in it. */
import type { Command } from "commander";
import { addDataCheck } from "./check.ts";
import { addDataExport } from "./export.ts";
import { addDataImport } from "./import.ts";
import { addDataInfo } from "./info.ts";
import { addDataList } from "./list.ts";

export function addData(program: Command): void {
  const data = program.command("data").description("import, describe, check, list and export recordings");
  addDataImport(data);
  addDataInfo(data);
  addDataCheck(data);
  addDataList(data);
  addDataExport(data);
}
