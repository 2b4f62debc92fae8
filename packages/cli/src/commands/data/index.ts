/** `orrery data`: into the store, out of it, and what is in it. */
import type { Command } from "commander";
import { addDataCheck } from "./check.ts";
import { addDataCurate } from "./curate.ts";
import { addDataExport } from "./export.ts";
import { addDataImport } from "./import.ts";
import { addDataInfo } from "./info.ts";
import { addDataLabel } from "./label.ts";
import { addDataList } from "./list.ts";
import { addDataMix } from "./mix.ts";

export function addData(program: Command): void {
  const data = program
    .command("data")
    .description("import, describe, check, list, export, curate and mix recordings");
  addDataImport(data);
  addDataInfo(data);
  addDataCheck(data);
  addDataList(data);
  addDataExport(data);
  addDataCurate(data);
  addDataMix(data);
  addDataLabel(data);
}
