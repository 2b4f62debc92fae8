/** Settings of formats that bring pictures to another size while they are imported. */
import { z } from "zod";

/** "256x192", or the same as numbers. */
export const sizeSetting = z
  .union([
    z
      .string()
      .regex(/^\d+x\d+$/, 'must read like "256x192"')
      .transform((text) => {
        const [width = 0, height = 0] = text.split("x").map(Number);
        return { width, height };
      }),
    z.object({ width: z.int(), height: z.int() }),
  ])
  .refine(
    ({ width, height }) => width >= 16 && height >= 16 && width <= 8192 && height <= 8192,
    "must lie in 16x16 to 8192x8192",
  );

/** What to do with pictures of another aspect. */
export const fitSetting = z.enum(["stretch", "crop", "letterbox"]).default("letterbox");
