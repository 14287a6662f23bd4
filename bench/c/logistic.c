// Logistic regression: a block of rows of X stays in the nearest cache from its logits to its part of the gradient. The
// Hessian is X' diag(s) X with a column of ones for the bias: dsyrk on blocks of rows times sqrt(s), for few features a
// triangle of sums in registers.

#include "limit.h"

enum { ROWS = 64, GRAM = 384, FEW = 10 };

static int n, d;
static const real *X, *y;
static real lambda;
static real *scaled, *sums;

static void begin(const int *sizes, const real *data) {
  n = sizes[0];
  d = sizes[1];
  X = data;
  y = X + (size_t)n * d;
  lambda = y[n];
  scaled = zeros((size_t)GRAM * (d + 1));
  sums = zeros((size_t)(d + 1) * (d + 1));
}

/** z = X w + b, for `count` rows. */
SPECIALISED void logits(const real *x, int d, int count, const real *theta, real *z) {
  int i = 0;
  for (; i + 4 <= count; i += 4, x += 4 * d) {
    real z0 = theta[d], z1 = z0, z2 = z0, z3 = z0;
    for (int j = 0; j < d; j++) {
      z0 += x[j] * theta[j];
      z1 += x[d + j] * theta[j];
      z2 += x[2 * d + j] * theta[j];
      z3 += x[3 * d + j] * theta[j];
    }
    z[i] = z0, z[i + 1] = z1, z[i + 2] = z2, z[i + 3] = z3;
  }
  for (; i < count; i++, x += d) {
    z[i] = theta[d];
    for (int j = 0; j < d; j++) z[i] += x[j] * theta[j];
  }
}

SPECIALISED double gradient_of(int d, const real *theta, real *g) {
  double loss = 0, gb = 0;
  real z[ROWS], r[ROWS], sum[d];
  memset(sum, 0, sizeof sum);
  for (int from = 0; from < n; from += ROWS) {
    const int count = n - from < ROWS ? n - from : ROWS;
    const real *x = X + (size_t)from * d;
    logits(x, d, count, theta, z);
    real blockLoss = 0, blockR = 0;
#pragma omp simd reduction(+ : blockLoss, blockR)
    for (int i = 0; i < count; i++) {
      const real e = exp(-fabs(z[i]));
      // as accurate as log1p in a sum of this size, and there is a vector of it
      blockLoss += fmax(z[i], 0) + log(1 + e) - y[from + i] * z[i];
      r[i] = (z[i] >= 0 ? 1 : e) / (1 + e) - y[from + i];
      blockR += r[i];
    }
    loss += blockLoss;
    gb += blockR;
    int i = 0;
    for (; i + 8 <= count; i += 8, x += 8 * d)
      for (int j = 0; j < d; j++)
        sum[j] += r[i] * x[j] + r[i + 1] * x[d + j] + r[i + 2] * x[2 * d + j] + r[i + 3] * x[3 * d + j] +
                  r[i + 4] * x[4 * d + j] + r[i + 5] * x[5 * d + j] + r[i + 6] * x[6 * d + j] + r[i + 7] * x[7 * d + j];
    for (; i < count; i++, x += d)
      for (int j = 0; j < d; j++) sum[j] += r[i] * x[j];
  }
  real ww = 0;
  for (int j = 0; j < d; j++) {
    ww += theta[j] * theta[j];
    g[j] = sum[j] / n + lambda * theta[j];
  }
  g[d] = gb / n;
  return loss / n + lambda / 2 * ww;
}

static double gradient(const real *theta, real *g) {
  return d == FEW ? gradient_of(FEW, theta, g) : gradient_of(d, theta, g);
}

/** sigmoid'(z) */
static void slopes(real *z, int count) {
  for (int i = 0; i < count; i++) {
    const real e = exp(-fabs(z[i]));
    z[i] = e / ((1 + e) * (1 + e));
  }
}

static void hessian_of_many(const real *theta) {
  const int size = d + 1;
  real s[GRAM];
  for (int from = 0; from < n; from += GRAM) {
    const int count = n - from < GRAM ? n - from : GRAM;
    const real *x = X + (size_t)from * d;
    logits(x, d, count, theta, s);
    slopes(s, count);
    for (int i = 0; i < count; i++) {
      const real root = sqrt(s[i]);
      for (int j = 0; j < d; j++) scaled[i * size + j] = root * x[i * d + j];
      scaled[i * size + d] = root;
    }
    BLAS(syrk)(CblasRowMajor, CblasUpper, CblasTrans, size, count, 1, scaled, size, from > 0, sums, size);
  }
}

/** Rows of few features are turned, so that a vector holds one feature of several rows; the last column is of ones. */
static void hessian_of_few(const real *theta) {
  enum { SIZE = FEW + 1, VECS = ROWS / LANES };
  vec sum[SIZE][SIZE] = {0}, column[SIZE][VECS] = {0}, scaled[VECS], s[VECS];
  for (int from = 0; from < n; from += ROWS) {
    const int count = n - from < ROWS ? n - from : ROWS;
    const real *x = X + (size_t)from * FEW;
    for (int j = 0; j <= FEW; j++)
      for (int i = 0; i < ROWS; i++) ((real *)column[j])[i] = i < count ? j < FEW ? x[i * FEW + j] : 1 : 0;
    for (int v = 0; v < VECS; v++) {
      s[v] = theta[FEW] * column[FEW][v];
      for (int j = 0; j < FEW; j++) s[v] += theta[j] * column[j][v];
    }
    slopes((real *)s, ROWS);
    for (int j = 0; j < SIZE; j++) {
      for (int v = 0; v < VECS; v++) scaled[v] = s[v] * column[j][v];
      for (int k = j; k < SIZE; k++)
        for (int v = 0; v < VECS; v++) sum[j][k] += scaled[v] * column[k][v];
    }
  }
  for (int j = 0; j < SIZE; j++)
    for (int k = j; k < SIZE; k++) sums[j * SIZE + k] = sum_of(sum[j][k]);
}

static void hessian(const real *theta, real *H) {
  const int size = d + 1;
  if (d == FEW) hessian_of_few(theta);
  else hessian_of_many(theta);
  for (int j = 0; j < size; j++) {
    for (int k = j; k < size; k++) H[k * size + j] = H[j * size + k] = sums[j * size + k] / n;
    if (j < d) H[j * size + j] += lambda;
  }
}

const work logistic = {"logistic", begin, gradient, hessian};
