// sum(tanh(A B)): a product, one pass over it, and the two products of its derivative.

#include "limit.h"

static int n, m, k;
static real *slope;

static void begin(const int *sizes, const real *data) {
  (void)data;
  n = sizes[0];
  m = sizes[1];
  k = sizes[2];
  slope = zeros((size_t)n * m);
}

static double gradient(const real *theta, real *g) {
  const real *A = theta, *B = theta + (size_t)n * k;
  multiply(CblasNoTrans, CblasNoTrans, n, m, k, A, B, 0, slope);
  double value = 0;
  for (int i = 0; i < n; i++) {
    real sum = 0;
    for (int p = i * m; p < (i + 1) * m; p++) {
      const real t = tanh(slope[p]);
      sum += t;
      slope[p] = 1 - t * t;
    }
    value += sum;
  }
  multiply(CblasNoTrans, CblasTrans, n, k, m, slope, B, 0, g);
  multiply(CblasTrans, CblasNoTrans, k, m, n, A, slope, 0, g + (size_t)n * k);
  return value;
}

const work product = {"product", begin, gradient, NULL};
