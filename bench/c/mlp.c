// A multilayer perceptron: products by BLAS, what lies between them in one pass each. The gradient of the penalty stands
// in g before the products add to it.

#include "limit.h"

enum { MOST = 8 };

static int n, depth, width[MOST + 1];
static const real *X, *Y;
static real lambda;
static real *activation[MOST + 1], *delta[MOST + 1];

static void begin(const int *sizes, const real *data) {
  n = sizes[0];
  for (depth = 0; sizes[depth + 2] > 0; depth++) width[depth] = sizes[depth + 1];
  width[depth] = sizes[depth + 1];
  X = data;
  lambda = X[(size_t)n * width[0]];
  Y = X + (size_t)n * width[0] + 1;
  activation[0] = (real *)X;
  for (int i = 1; i <= depth; i++) {
    activation[i] = zeros((size_t)n * width[i]);
    delta[i] = zeros((size_t)n * width[i]);
  }
}

/** g = lambda w */
static double penalty(const real *w, real *g, size_t count) {
  real sum = 0;
  for (size_t p = 0; p < count; p++) {
    sum += w[p] * w[p];
    g[p] = lambda * w[p];
  }
  return lambda / 2 * sum;
}

/** The derivative by the logits goes to `error`. */
static double cross_entropy(const real *restrict z, real *restrict error, int classes) {
  double loss = 0;
  for (int i = 0; i < n; i++) {
    real max = -INFINITY;
    for (int j = 0; j < classes; j++) max = fmax(max, z[i * classes + j]);
    for (int j = 0; j < classes; j++) error[i * classes + j] = z[i * classes + j] - max;
  }
  for (int p = 0; p < n * classes; p++) {
    loss -= Y[p] * error[p];
    error[p] = exp(error[p]);
  }
  for (int i = 0; i < n; i++) {
    real sum = 0, labels = 0;
    for (int j = 0; j < classes; j++) {
      sum += error[i * classes + j];
      labels += Y[i * classes + j];
    }
    loss += labels * log(sum);
    for (int j = 0; j < classes; j++)
      error[i * classes + j] = (labels / sum * error[i * classes + j] - Y[i * classes + j]) / n;
  }
  return loss / n;
}

static double gradient(const real *theta, real *g) {
  size_t start[MOST + 1] = {0};
  double value = 0;
  for (int i = 1; i <= depth; i++) {
    const int in = width[i - 1], out = width[i];
    const real *bias = theta + start[i - 1] + (size_t)in * out;
    start[i] = start[i - 1] + (size_t)(in + 1) * out;
    for (int row = 0; row < n; row++) memcpy(activation[i] + (size_t)row * out, bias, out * sizeof(real));
    multiply(CblasNoTrans, CblasNoTrans, n, out, in, activation[i - 1], theta + start[i - 1], 1, activation[i]);
    if (i == depth) break;
    for (size_t p = 0; p < (size_t)n * out; p++) activation[i][p] = fmax(activation[i][p], 0);
  }
  value += cross_entropy(activation[depth], delta[depth], width[depth]);
  for (int i = depth; i > 0; i--) {
    const int in = width[i - 1], out = width[i];
    real *gw = g + start[i - 1], *gb = gw + (size_t)in * out;
    value += penalty(theta + start[i - 1], gw, (size_t)in * out);
    multiply(CblasTrans, CblasNoTrans, in, out, n, activation[i - 1], delta[i], 1, gw);
    memset(gb, 0, out * sizeof(real));
    for (int row = 0; row < n; row++)
      for (int j = 0; j < out; j++) gb[j] += delta[i][(size_t)row * out + j];
    if (i == 1) break;
    multiply(CblasNoTrans, CblasTrans, n, in, out, delta[i], theta + start[i - 1], 0, delta[i - 1]);
    for (size_t p = 0; p < (size_t)n * in; p++) delta[i - 1][p] = activation[i - 1][p] > 0 ? delta[i - 1][p] : 0;
  }
  return value;
}

const work mlp = {"mlp", begin, gradient, NULL};
