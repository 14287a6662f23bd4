// One kind of work in C, timed on request:  limit KIND gradient|hessian INPUT OUTPUT SIZE...
// INPUT holds the data and two points, numbers of the precision of the program. The results at the first point go to
// OUTPUT, the gradient after the value; after the line "ready" each line with a number of calls on stdin is answered by
// the milliseconds they took, the two points in turns.

#include "limit.h"
#include <stdio.h>
#include <time.h>

static const work *const works[] = {&logistic, &mlp, &factorization, &layers, &gmm, &product};

static real *contents(const char *path, size_t *count) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) exit(2);
  *count = ftell(file) / sizeof(real);
  rewind(file);
  real *all = zeros(*count);
  if (fread(all, sizeof(real), *count, file) != *count) exit(2);
  fclose(file);
  return all;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

int main(int argc, char **argv) {
  if (argc < 7) return 2;
  const work *kind = NULL;
  for (size_t i = 0; i < sizeof works / sizeof *works; i++)
    if (!strcmp(works[i]->name, argv[1])) kind = works[i];
  const int isHessian = !strcmp(argv[2], "hessian");
  if (!kind || (isHessian && !kind->hessian)) return 2;

  // the first size is the length of theta
  int sizes[16] = {0};
  for (int i = 5; i < argc && i - 5 < 16; i++) sizes[i - 5] = atoi(argv[i]);
  const size_t length = sizes[0];
  const size_t results = isHessian ? length * length : length;
  size_t count;
  real *data = contents(argv[3], &count);
  // copies, as the data may end anywhere in a line of the cache
  real *points[2] = {zeros(length), zeros(length)};
  for (int i = 0; i < 2; i++) memcpy(points[i], data + count - (2 - i) * length, length * sizeof(real));
  real *out = zeros(results);
  kind->begin(sizes + 1, data);

  double value = 0;
  if (isHessian) kind->hessian(points[0], out);
  else value = kind->gradient(points[0], out);
  FILE *file = fopen(argv[4], "wb");
  if (!file) return 2;
  fwrite(&value, sizeof value, 1, file);
  fwrite(out, sizeof(real), results, file);
  fclose(file);
  puts("ready");
  fflush(stdout);

  int calls;
  while (scanf("%d", &calls) == 1) {
    // as of the others, what was driven out of the caches comes back outside the time
    const int first = calls > 1 ? -1 : 0;
    double start = now();
    for (int i = first; i < calls; i++) {
      if (i == 0) start = now();
      if (isHessian) kind->hessian(points[i & 1], out);
      else value += kind->gradient(points[i & 1], out);
    }
    printf("%.6f\n", now() - start);
    fflush(stdout);
  }
  return value == 0.5;
}
