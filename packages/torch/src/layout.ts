/**
 * Storage layouts and memory formats: libtorch's numbers for them.
 */

/** How elements are stored; "strided" is the ordinary dense one. */
export type Layout = "strided" | "sparse";

/** The order of dimensions in memory. "channelsLast" makes convolutions over [N, C, H, W] faster on some devices. */
export type MemoryFormat = "contiguous" | "preserve" | "channelsLast" | "channelsLast3d";

const layouts: Readonly<Record<Layout, number>> = { strided: 0, sparse: 1 };
const memoryFormats: Readonly<Record<MemoryFormat, number>> = {
  contiguous: 0,
  preserve: 1,
  channelsLast: 2,
  channelsLast3d: 3,
};

/** Internal. */
export function layoutCode(layout: Layout | null | undefined): number | null | undefined {
  return layout === undefined || layout === null ? layout : layouts[layout];
}

/** Internal. */
export function memoryFormatCode(format: MemoryFormat | null | undefined): number | null | undefined {
  return format === undefined || format === null ? format : memoryFormats[format];
}
