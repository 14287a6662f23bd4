// Matrix factorisation of rank 5: V and its gradient are kept by columns, so that a residual for each row of V is a
// vector. Two rows of A at a time share what is read of V; the gradient of both rows of U stays in registers.

#include "limit.h"

enum { RANK = 5 };

static int n, m, vecs;
static real lambda;
static vec *A, *V, *gV;

static void begin(const int *sizes, const real *data) {
  n = sizes[0];
  m = sizes[1];
  lambda = data[(size_t)n * m];
  vecs = (m + LANES - 1) / LANES;
  // rows padded by zeros: where V is zero too, so are residuals; a row more where n is odd
  A = zeros((size_t)(n + 1) * vecs * LANES);
  V = zeros((size_t)RANK * vecs * LANES);
  gV = zeros((size_t)RANK * vecs * LANES);
  for (int i = 0; i < n; i++) memcpy(A + (size_t)i * vecs, data + (size_t)i * m, m * sizeof(real));
}

static double gradient(const real *theta, real *g) {
  const real *v = theta + n * RANK;
  for (int j = 0; j < m; j++)
    for (int c = 0; c < RANK; c++) ((real *)(V + c * vecs))[j] = v[j * RANK + c];
  memset(gV, 0, RANK * vecs * sizeof(vec));

  double value = 0;
  for (int i = 0; i < n; i += 2) {
    const real none[RANK] = {0};
    const real *u0 = theta + i * RANK, *u1 = i + 1 < n ? u0 + RANK : none;
    const vec *a0 = A + (size_t)i * vecs, *a1 = a0 + vecs;
    vec squares = {0}, g0[RANK] = {0}, g1[RANK] = {0};
    for (int p = 0; p < vecs; p++) {
      vec r0 = -a0[p], r1 = -a1[p];
      for (int c = 0; c < RANK; c++) {
        r0 += u0[c] * V[c * vecs + p];
        r1 += u1[c] * V[c * vecs + p];
      }
      squares += r0 * r0 + r1 * r1;
      for (int c = 0; c < RANK; c++) {
        g0[c] += r0 * V[c * vecs + p];
        g1[c] += r1 * V[c * vecs + p];
        gV[c * vecs + p] += r0 * u0[c] + r1 * u1[c];
      }
    }
    value += sum_of(squares);
    for (int c = 0; c < RANK; c++) {
      g[i * RANK + c] = 2 * (sum_of(g0[c]) + lambda * u0[c]);
      if (i + 1 < n) g[(i + 1) * RANK + c] = 2 * (sum_of(g1[c]) + lambda * u1[c]);
    }
  }
  for (int j = 0; j < m; j++)
    for (int c = 0; c < RANK; c++)
      g[(n + j) * RANK + c] = 2 * (((const real *)(gV + c * vecs))[j] + lambda * v[j * RANK + c]);
  real squares = 0;
  for (int p = 0; p < (n + m) * RANK; p++) squares += theta[p] * theta[p];
  return value + lambda * squares;
}

const work factorization = {"factorization", begin, gradient, NULL};
