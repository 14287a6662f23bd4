// The Gaussian mixture of ADBench in 10 dimensions, a vector of points at a time. A block of points goes through all
// components for its distances and weights, then again for the gradients: a triangle of sums by component, of which one
// row after the other is held in registers. The gradient of a mean follows from the sum of the scaled distances.

#include "limit.h"

enum { D = 10, TRIANGLE = D * (D - 1) / 2, BLOCK = 8 };

/** Sums over the points, of one component: weights, weighted distances, and these times the points from the mean. */
typedef struct {
  vec weight, scaled[D], outer[D][D];
} totals;

static int n, k, vecs;
static vec *X;
static real *Q;
static vec *logs;
static totals *total;

static void begin(const int *sizes, const real *data) {
  n = sizes[0];
  k = sizes[2];
  vecs = (n + LANES - 1) / LANES;
  vecs = (vecs + BLOCK - 1) / BLOCK * BLOCK;
  // [block of points][coordinate][points]; what is beyond n repeats the last one, with weight zero
  X = zeros((size_t)vecs * LANES * D);
  const int inBlock = BLOCK * LANES;
  for (int i = 0; i < vecs * LANES; i++)
    for (int j = 0; j < D; j++)
      ((real *)X)[i / inBlock * inBlock * D + j * inBlock + i % inBlock] = data[(i < n ? i : n - 1) * D + j];
  Q = zeros(k * D * D);
  logs = zeros(k * inBlock);
  total = zeros(k * sizeof(totals) / sizeof(real));
}

/** s = Q (x - mu), for the vectors at `p` of a block. */
SPECIALISED void scale(const real *q, const real *mu, const vec *x, int p, vec *v, vec *s) {
  for (int j = 0; j < D; j++) v[j] = x[j * BLOCK + p] - mu[j];
#pragma GCC unroll 10
  for (int i = 0; i < D; i++) {
    s[i] = q[i * D] * v[0];
#pragma GCC unroll 10
    for (int j = 1; j <= i; j++) s[i] += q[i * D + j] * v[j];
  }
}

/** logs become weights; the result is the sum over the points of the logarithm of their likelihood. */
static double normalise(int points) {
  enum { WIDTH = BLOCK * LANES };
  real *e = (real *)logs;
  real max[WIDTH], sum[WIDTH] = {0}, value = 0;
  memcpy(max, e, sizeof max);
  for (int c = 1; c < k; c++)
    for (int p = 0; p < WIDTH; p++) max[p] = fmax(max[p], e[c * WIDTH + p]);
  for (int c = 0; c < k; c++)
    // what underflows takes a slow path
    for (int p = 0; p < WIDTH; p++) sum[p] += e[c * WIDTH + p] = exp(fmax(e[c * WIDTH + p] - max[p], -80));
  for (int p = 0; p < WIDTH; p++) max[p] += log(sum[p]);
  for (int p = 0; p < WIDTH; p++) {
    value += p < points ? max[p] : 0;
    sum[p] = p < points ? 1 / sum[p] : 0;
  }
  for (int c = 0; c < k; c++)
    for (int p = 0; p < WIDTH; p++) e[c * WIDTH + p] *= sum[p];
  return value;
}

static void add_block(const real *q, const real *mu, const vec *x, const vec *weight, totals *t) {
  vec v[D * BLOCK], s[D * BLOCK];
  for (int p = 0; p < BLOCK; p++) {
    vec vp[D], sp[D];
    scale(q, mu, x, p, vp, sp);
    for (int j = 0; j < D; j++) {
      v[j * BLOCK + p] = vp[j];
      s[j * BLOCK + p] = weight[p] * sp[j];
    }
    t->weight += weight[p];
  }
  // unrolled over the rows of the triangle, not over the points: the sums stay in registers
#pragma GCC unroll 10
  for (int i = 0; i < D; i++) {
    vec scaled = t->scaled[i], outer[D];
    for (int j = 0; j <= i; j++) outer[j] = t->outer[i][j];
#pragma GCC unroll 1
    for (int p = 0; p < BLOCK; p++) {
      scaled += s[i * BLOCK + p];
      for (int j = 0; j <= i; j++) outer[j] += s[i * BLOCK + p] * v[j * BLOCK + p];
    }
    t->scaled[i] = scaled;
    for (int j = 0; j <= i; j++) t->outer[i][j] = outer[j];
  }
}

static double gradient(const real *theta, real *g) {
  const real *mu = theta + k, *q = mu + k * D, *l = q + k * D;
  real *gmu = g + k, *gq = gmu + k * D, *gl = gq + k * D;
  double prior = 0, value = 0;
  real offset[k], maxAlpha = theta[0], sumAlpha = 0;
  for (int c = 0; c < k; c++) {
    offset[c] = theta[c];
    maxAlpha = fmax(maxAlpha, theta[c]);
    for (int j = 0, at = c * TRIANGLE; j < D; j++) {
      offset[c] += q[c * D + j];
      Q[(c * D + j) * D + j] = exp(q[c * D + j]);
      prior += Q[(c * D + j) * D + j] * Q[(c * D + j) * D + j];
      for (int i = j + 1; i < D; i++, at++) {
        Q[(c * D + i) * D + j] = l[at];
        prior += l[at] * l[at];
      }
    }
  }

  memset(total, 0, k * sizeof(totals));
  for (int from = 0; from < vecs; from += BLOCK) {
    const vec *x = X + from * D;
    for (int c = 0; c < k; c++) {
      for (int p = 0; p < BLOCK; p++) {
        vec v[D], s[D], squares = {0};
        scale(Q + c * D * D, mu + c * D, x, p, v, s);
        for (int i = 0; i < D; i++) squares += s[i] * s[i];
        logs[c * BLOCK + p] = offset[c] - squares / 2;
      }
    }
    value += normalise(n - from * LANES);
    for (int c = 0; c < k; c++) add_block(Q + c * D * D, mu + c * D, x, logs + c * BLOCK, total + c);
  }

  for (int c = 0; c < k; c++) sumAlpha += exp(theta[c] - maxAlpha);
  for (int c = 0; c < k; c++) {
    const real weight = sum_of(total[c].weight), *Qc = Q + c * D * D;
    real scaled[D];
    for (int i = 0; i < D; i++) scaled[i] = sum_of(total[c].scaled[i]);
    g[c] = weight - n * exp(theta[c] - maxAlpha) / sumAlpha;
    for (int j = 0, at = c * TRIANGLE; j < D; j++) {
      const real diagonal = Qc[j * D + j];
      real adjoint = 0;
      for (int i = j; i < D; i++) adjoint += Qc[i * D + j] * scaled[i];
      gmu[c * D + j] = adjoint;
      gq[c * D + j] = weight + diagonal * (diagonal - sum_of(total[c].outer[j][j]));
      for (int i = j + 1; i < D; i++, at++) gl[at] = l[at] - sum_of(total[c].outer[i][j]);
    }
  }
  return value - n * (maxAlpha + log(sumAlpha) + D / 2.0 * log(2 * M_PI)) + prior / 2;
}

const work gmm = {"gmm", begin, gradient, NULL};
