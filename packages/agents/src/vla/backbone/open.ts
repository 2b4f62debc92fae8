/** Opens a pretrained vision-language backbone from a folder of the user's. Nothing is ever fetched. */
import { UsageError } from "@orrery/core";
import type { Backbone } from "../../imitation/perception.ts";
import { readBackboneFolder } from "./folder.ts";
import { OnnxBackbone } from "./onnx-backbone.ts";
import { SafetensorsBackbone } from "./safetensors-backbone.ts";

/**
 * ONNX where there is one, safetensors otherwise. The caller closes it.
 * @throws {UsageError} if the folder holds neither
 * @throws {DataError} if a file cannot be used; @throws {ShapeError} if it gives something else than tokens
 */
export async function openBackbone(folder: string): Promise<Backbone> {
  const found = readBackboneFolder(folder);
  const backbone = await openParts(found);
  return remembering(backbone);
}

async function openParts(found: ReturnType<typeof readBackboneFolder>): Promise<Backbone> {
  if (found.onnx !== null) return OnnxBackbone.open(found, found.onnx);
  if (found.safetensors !== null) return new SafetensorsBackbone(found, found.safetensors);
  throw new UsageError(`openBackbone: ${found.path} holds no network.`);
}

/** Reads each text once: a data set has few instructions and many rows. */
function remembering(backbone: Backbone): Backbone {
  const read = new Map<string, Float32Array>();
  return {
    widths: backbone.widths,
    see: (pictures) => backbone.see(pictures),
    async read(text) {
      const known = read.get(text) ?? (await backbone.read(text));
      read.set(text, known);
      return known;
    },
    close: () => backbone.close(),
  };
}
