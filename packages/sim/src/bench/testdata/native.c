/* Steps a model with the system's libmujoco for a while: native MODEL.xml SECONDS prints steps per second. */
#include <mujoco/mujoco.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  char error[1000] = "";
  mjModel *m = mj_loadXML(argv[1], NULL, error, sizeof error);
  if (!m) {
    fprintf(stderr, "%s\n", error);
    return 1;
  }
  mjData *d = mj_makeData(m);
  const double seconds = atof(argv[2]);
  const double start = now();
  long steps = 0;
  /* The same 2 s over and over, as the other side does, so that both work on the same motion. */
  do {
    mj_resetData(m, d);
    for (int i = 0; i < 500; i++, steps++) mj_step(m, d);
  } while (now() - start < seconds);
  printf("%.1f %s\n", steps / (now() - start), mj_versionString());
  return 0;
}
