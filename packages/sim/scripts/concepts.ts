/** Makes the picture of the concept scenes in docs/sim.md: `npx tsx packages/sim/scripts/concepts.ts`. Two rows per concept. */
import { mkdirSync, writeFileSync } from "node:fs";
import { encodePng } from "@orrery/data";
import { CONCEPTS, conceptClip } from "../src/index.ts";
import { evenly, gridOf } from "../src/record/contact-sheet.ts";

const OUT = new URL("../../../docs/images/", import.meta.url);
mkdirSync(OUT, { recursive: true });

const rows = [];
for (const { name } of CONCEPTS) {
  for (const variant of ["possible-a", "impossible-a"] as const) {
    rows.push(evenly((await conceptClip(name, 4, variant, 72)).images, 12));
  }
}
writeFileSync(new URL("sim-concepts.png", OUT), await encodePng(gridOf(rows)));
