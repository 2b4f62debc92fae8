/** Records without end until it is killed; says on stdout how many episodes are safe. Run by crash.test.ts. */
import { TOY, toyStep } from "../testing.ts";
import { openDatasetWriter } from "./dataset-writer.ts";

const [root = "", mergeEvery = "3"] = process.argv.slice(2);
const writer = await openDatasetWriter(root, { embodiment: TOY });
const recorder = writer.recorder();
for (let episode = writer.numEpisodes; ; episode++) {
  for (let t = 0; t < 10; t++) recorder.add(toyStep(episode, t, 10));
  writer.append(recorder.finish({ task: "survive", provenance: { stream: "sim", seed: episode } }));
  if (episode % Number(mergeEvery) === 0) writer.flush();
  process.stdout.write(`${episode + 1}\n`);
}
