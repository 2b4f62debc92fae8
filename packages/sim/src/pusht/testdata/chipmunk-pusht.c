/*
 * PushT on Chipmunk2D itself, to check packages/sim/src/pusht against: reads lines of numbers from stdin and prints
 * agent x, y and T x, y, angle after the reset and after every control step, with 17 digits.
 *   R ax ay bx by angle friction   begins an episode (pose of the T's own origin)
 *   T x y                          one control step towards x, y
 * Build and run: cc -O2 chipmunk-pusht.c -o chipmunk-pusht -lchipmunk -lm   (Debian: libchipmunk-dev 7.0.3)
 */
#include <chipmunk/chipmunk.h>
#include <stdio.h>

static cpBody *agent, *block;

static cpSpace *build(double friction) {
  cpSpace *space = cpSpaceNew();
  cpSpaceSetDamping(space, 0.0);
  cpVect corner[4] = {{5, 5}, {506, 5}, {506, 506}, {5, 506}};
  for (int i = 0; i < 4; i++) {
    cpShape *wall = cpSegmentShapeNew(cpSpaceGetStaticBody(space), corner[i], corner[(i + 1) % 4], 2);
    cpShapeSetFriction(wall, 1.0);
    cpSpaceAddShape(space, wall);
  }
  agent = cpSpaceAddBody(space, cpBodyNewKinematic());
  cpShape *disc = cpSpaceAddShape(space, cpCircleShapeNew(agent, 15, cpvzero));
  cpShapeSetFriction(disc, 1.0);
  cpVect bar[4] = {{-60, 30}, {60, 30}, {60, 0}, {-60, 0}};
  cpVect stem[4] = {{-15, 30}, {-15, 120}, {15, 120}, {15, 30}};
  double inertia = 2 * cpMomentForPoly(1, 4, bar, cpvzero, 0);
  block = cpSpaceAddBody(space, cpBodyNew(1, inertia));
  cpShape *parts[2] = {cpPolyShapeNew(block, 4, bar, cpTransformIdentity, 0),
                       cpPolyShapeNew(block, 4, stem, cpTransformIdentity, 0)};
  cpBodySetCenterOfGravity(block, cpv(0, 45));
  for (int i = 0; i < 2; i++) {
    cpShapeSetFriction(parts[i], friction);
    cpSpaceAddShape(space, parts[i]);
  }
  return space;
}

static void print_state(void) {
  cpVect a = cpBodyGetPosition(agent), b = cpBodyGetPosition(block);
  printf("%.17g %.17g %.17g %.17g %.17g\n", a.x, a.y, b.x, b.y, cpBodyGetAngle(block));
}

int main(void) {
  cpSpace *space = NULL;
  char kind;
  double a, b, c, d, e, friction;
  while (scanf(" %c", &kind) == 1) {
    if (kind == 'R' && scanf("%lf %lf %lf %lf %lf %lf", &a, &b, &c, &d, &e, &friction) == 6) {
      space = build(friction); /* the last one is leaked: this is a short-lived tool */
      cpBodySetPosition(agent, cpv(a, b));
      cpBodySetAngle(block, e);
      cpBodySetPosition(block, cpv(c, d));
      cpSpaceStep(space, 0.01);
    } else if (kind == 'T' && scanf("%lf %lf", &a, &b) == 2) {
      for (int i = 0; i < 10; i++) {
        cpVect p = cpBodyGetPosition(agent), v = cpBodyGetVelocity(agent);
        cpBodySetVelocity(agent, cpv(v.x + (100 * (a - p.x) - 20 * v.x) * 0.01, v.y + (100 * (b - p.y) - 20 * v.y) * 0.01));
        cpSpaceStep(space, 0.01);
      }
    } else return 1;
    print_state();
  }
  return 0;
}
