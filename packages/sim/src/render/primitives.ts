/**
 * Ray against primitive, for a rectangle of pixels at once, each closer hit written into the z-buffer.
 *
 * One small function per shape: V8 optimises these well and gives up on one large function. All work in the geom's
 * own frame (see frame.ts). A camera inside a shape does not see it.
 */
import { FORWARD, type Frame, LOCAL_STRIDE, ORIGIN, RIGHT, UP } from "./frame.ts";
import { BOX, CAPSULE, CYLINDER, ELLIPSOID, PLANE, type RenderScene, SPHERE } from "./scene.ts";

/** Pixel rectangle, ends excluded. */
export interface Rect {
  x0: number;
  x1: number;
  y0: number;
  y1: number;
}

/** Casts geom `g` into the frame within `rect`. Shapes the caster does not know are left out. */
export function castGeom(frame: Frame, scene: RenderScene, g: number, rect: Rect): void {
  const a = scene.size[3 * g]!;
  const b = scene.size[3 * g + 1]!;
  const c = scene.size[3 * g + 2]!;
  switch (scene.type[g]) {
    case PLANE:
      return castPlane(frame, g, rect, a, b);
    case SPHERE:
      return castEllipsoid(frame, g, rect, a, a, a);
    case ELLIPSOID:
      return castEllipsoid(frame, g, rect, a, b, c);
    case CAPSULE:
      return castCapsule(frame, g, rect, a, b);
    case CYLINDER:
      return castCylinder(frame, g, rect, a, b);
    case BOX:
      return castBox(frame, g, rect, a, b, c);
    default:
      return;
  }
}

/** The plane z = 0 seen from above; half sizes of 0 mean without end. */
function castPlane(frame: Frame, g: number, rect: Rect, halfX: number, halfY: number): void {
  const { depth, ids, sx, sy, width, local } = frame;
  const at = g * LOCAL_STRIDE;
  const ox = local[at + ORIGIN]!,
    oy = local[at + ORIGIN + 1]!,
    oz = local[at + ORIGIN + 2]!;
  const rx = local[at + RIGHT]!,
    ry = local[at + RIGHT + 1]!,
    rz = local[at + RIGHT + 2]!;
  if (oz <= 0) return;
  for (let y = rect.y0; y < rect.y1; y++) {
    const s = sy[y]!;
    const bx = local[at + FORWARD]! + s * local[at + UP]!;
    const by = local[at + FORWARD + 1]! + s * local[at + UP + 1]!;
    const bz = local[at + FORWARD + 2]! + s * local[at + UP + 2]!;
    // Rays turn towards the plane or away from it steadily along a row.
    if (bz + sx[rect.x0]! * rz >= 0 && bz + sx[rect.x1 - 1]! * rz >= 0) continue;
    for (let x = rect.x0; x < rect.x1; x++) {
      const dz = bz + sx[x]! * rz;
      if (dz >= 0) continue;
      const t = -oz / dz;
      const i = y * width + x;
      if (t >= depth[i]!) continue;
      if (halfX > 0 && Math.abs(ox + t * (bx + sx[x]! * rx)) > halfX) continue;
      if (halfY > 0 && Math.abs(oy + t * (by + sx[x]! * ry)) > halfY) continue;
      depth[i] = t;
      ids[i] = g;
    }
  }
}

/** Scales space so that the ellipsoid becomes the unit sphere; distances along the ray stay what they are. */
function castEllipsoid(frame: Frame, g: number, rect: Rect, a: number, b: number, c: number): void {
  const { depth, ids, sx, sy, width, local } = frame;
  const at = g * LOCAL_STRIDE;
  const ox = local[at + ORIGIN]! / a,
    oy = local[at + ORIGIN + 1]! / b,
    oz = local[at + ORIGIN + 2]! / c;
  const rx = local[at + RIGHT]! / a,
    ry = local[at + RIGHT + 1]! / b,
    rz = local[at + RIGHT + 2]! / c;
  const ux = local[at + UP]! / a,
    uy = local[at + UP + 1]! / b,
    uz = local[at + UP + 2]! / c;
  const fx = local[at + FORWARD]! / a,
    fy = local[at + FORWARD + 1]! / b,
    fz = local[at + FORWARD + 2]! / c;
  const outside = ox * ox + oy * oy + oz * oz - 1;
  if (outside <= 0) return;
  for (let y = rect.y0; y < rect.y1; y++) {
    const s = sy[y]!;
    const bx = fx + s * ux,
      by = fy + s * uy,
      bz = fz + s * uz;
    for (let x = rect.x0; x < rect.x1; x++) {
      const dx = bx + sx[x]! * rx,
        dy = by + sx[x]! * ry,
        dz = bz + sx[x]! * rz;
      const half = ox * dx + oy * dy + oz * dz;
      if (half >= 0) continue;
      const dd = dx * dx + dy * dy + dz * dz;
      const disc = half * half - dd * outside;
      if (disc < 0) continue;
      const t = (-half - Math.sqrt(disc)) / dd;
      const i = y * width + x;
      if (t >= depth[i]!) continue;
      depth[i] = t;
      ids[i] = g;
    }
  }
}

/** Axis z, radius r, half length h of the straight part. */
function castCapsule(frame: Frame, g: number, rect: Rect, r: number, h: number): void {
  const { depth, ids, sx, sy, width, local } = frame;
  const at = g * LOCAL_STRIDE;
  const ox = local[at + ORIGIN]!,
    oy = local[at + ORIGIN + 1]!,
    oz = local[at + ORIGIN + 2]!;
  const rx = local[at + RIGHT]!,
    ry = local[at + RIGHT + 1]!,
    rz = local[at + RIGHT + 2]!;
  const side = ox * ox + oy * oy - r * r;
  for (let y = rect.y0; y < rect.y1; y++) {
    const s = sy[y]!;
    const bx = local[at + FORWARD]! + s * local[at + UP]!;
    const by = local[at + FORWARD + 1]! + s * local[at + UP + 1]!;
    const bz = local[at + FORWARD + 2]! + s * local[at + UP + 2]!;
    for (let x = rect.x0; x < rect.x1; x++) {
      const dx = bx + sx[x]! * rx,
        dy = by + sx[x]! * ry,
        dz = bz + sx[x]! * rz;
      const across = dx * dx + dy * dy;
      const half = ox * dx + oy * dy;
      const disc = half * half - across * side;
      if (disc < 0) continue; // the caps lie inside the endless cylinder, so missing it is a miss
      let t = across > 1e-12 ? (-half - Math.sqrt(disc)) / across : -1;
      const z = across > 1e-12 ? oz + t * dz : -Math.sign(dz) * Infinity;
      if (z > h || z < -h) {
        const cz = oz - (z > 0 ? h : -h); // from the cap's centre to the camera
        const capHalf = half + cz * dz;
        const dd = across + dz * dz;
        const capDisc = capHalf * capHalf - dd * (side + cz * cz);
        if (capDisc < 0) continue;
        t = (-capHalf - Math.sqrt(capDisc)) / dd;
      }
      const i = y * width + x;
      if (t <= 0 || t >= depth[i]!) continue;
      depth[i] = t;
      ids[i] = g;
    }
  }
}

/** Axis z, radius r, half height h, flat ends: the ray must be inside the slab and the tube at once. */
function castCylinder(frame: Frame, g: number, rect: Rect, r: number, h: number): void {
  const { depth, ids, sx, sy, width, local } = frame;
  const at = g * LOCAL_STRIDE;
  const ox = local[at + ORIGIN]!,
    oy = local[at + ORIGIN + 1]!,
    oz = local[at + ORIGIN + 2]!;
  const rx = local[at + RIGHT]!,
    ry = local[at + RIGHT + 1]!,
    rz = local[at + RIGHT + 2]!;
  const side = ox * ox + oy * oy - r * r;
  for (let y = rect.y0; y < rect.y1; y++) {
    const s = sy[y]!;
    const bx = local[at + FORWARD]! + s * local[at + UP]!;
    const by = local[at + FORWARD + 1]! + s * local[at + UP + 1]!;
    const bz = local[at + FORWARD + 2]! + s * local[at + UP + 2]!;
    for (let x = rect.x0; x < rect.x1; x++) {
      const dx = bx + sx[x]! * rx,
        dy = by + sx[x]! * ry,
        dz = bz + sx[x]! * rz;
      const across = dx * dx + dy * dy;
      const half = ox * dx + oy * dy;
      const disc = half * half - across * side;
      if (disc < 0) continue;
      const root = Math.sqrt(disc);
      const capIn = (-oz - Math.sign(dz) * h) / dz;
      const capOut = (-oz + Math.sign(dz) * h) / dz;
      const t = Math.max((-half - root) / across, capIn);
      const i = y * width + x;
      // Written so that NaN (a ray along the axis or across it) counts as a miss only where it must.
      if (t > Math.min((-half + root) / across, capOut) || !(t > 0) || t >= depth[i]!) continue;
      depth[i] = t;
      ids[i] = g;
    }
  }
}

/** Half sizes a, b, c: the ray must be inside three slabs at once. */
function castBox(frame: Frame, g: number, rect: Rect, a: number, b: number, c: number): void {
  const { depth, ids, sx, sy, width, local } = frame;
  const at = g * LOCAL_STRIDE;
  const ox = local[at + ORIGIN]!,
    oy = local[at + ORIGIN + 1]!,
    oz = local[at + ORIGIN + 2]!;
  const rx = local[at + RIGHT]!,
    ry = local[at + RIGHT + 1]!,
    rz = local[at + RIGHT + 2]!;
  for (let y = rect.y0; y < rect.y1; y++) {
    const s = sy[y]!;
    const bx = local[at + FORWARD]! + s * local[at + UP]!;
    const by = local[at + FORWARD + 1]! + s * local[at + UP + 1]!;
    const bz = local[at + FORWARD + 2]! + s * local[at + UP + 2]!;
    for (let x = rect.x0; x < rect.x1; x++) {
      const ix = 1 / (bx + sx[x]! * rx),
        iy = 1 / (by + sx[x]! * ry),
        iz = 1 / (bz + sx[x]! * rz);
      const nx = Math.abs(ix) * a,
        ny = Math.abs(iy) * b,
        nz = Math.abs(iz) * c;
      const mx = -ox * ix,
        my = -oy * iy,
        mz = -oz * iz;
      const near = Math.max(mx - nx, my - ny, mz - nz);
      const far = Math.min(mx + nx, my + ny, mz + nz);
      const i = y * width + x;
      if (near > far || !(near > 0) || near >= depth[i]!) continue;
      depth[i] = near;
      ids[i] = g;
    }
  }
}
