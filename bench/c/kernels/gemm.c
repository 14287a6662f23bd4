// The least time of one matrix product by OpenBLAS, in milliseconds:  gemm FORM ROWS INNER COLUMNS, with FORM AB, TA (A' B) or
// TB (A B').

#include "../limit.h"
#include <stdio.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  const int n = atoi(argv[2]), k = atoi(argv[3]), m = atoi(argv[4]);
  const enum CBLAS_TRANSPOSE a = strcmp(argv[1], "TA") ? CblasNoTrans : CblasTrans;
  const enum CBLAS_TRANSPOSE b = strcmp(argv[1], "TB") ? CblasNoTrans : CblasTrans;
  real *A = zeros((size_t)n * k), *B = zeros((size_t)k * m), *C = zeros((size_t)n * m);
  for (int p = 0; p < n * k; p++) A[p] = 0.5;
  for (int p = 0; p < k * m; p++) B[p] = 0.25;
  const int calls = 1 + 1e6 / ((double)n * k * m);
  double least = 1e9;
  for (int round = 0; round < 200; round++) {
    const double start = now();
    for (int call = 0; call < calls; call++) multiply(a, b, n, m, k, A, B, 0, C);
    const double time = (now() - start) / calls;
    if (time < least) least = time;
  }
  printf("%.6f\n", least);
}
