// Ten layers that share W. Rows are padded to whole vectors; W and its transpose are copied first, so that both directions
// add up multiples of rows, whose sums stay in registers. The gradient of W is one product of all layers.

#include "limit.h"

enum { LAYERS = 10 };

static int d;
static const real *input;

static void begin(const int *sizes, const real *data) {
  d = sizes[0];
  input = data;
}

/** out = x' M, for a matrix of d rows of `vecs` vectors. */
SPECIALISED void times(const vec *M, const real *x, int d, int vecs, vec *out) {
  vec sum[vecs];
  for (int v = 0; v < vecs; v++) sum[v] = (vec){0};
  for (int i = 0; i < d; i++)
    for (int v = 0; v < vecs; v++) sum[v] += x[i] * M[i * vecs + v];
  for (int v = 0; v < vecs; v++) out[v] = sum[v];
}

SPECIALISED double gradient_of(int d, const real *theta, real *g) {
  const int vecs = (d + LANES - 1) / LANES, width = vecs * LANES;
  vec rows[d * vecs], columns[d * vecs], h[(LAYERS + 1) * vecs], delta[LAYERS * vecs], adjoint[vecs];
  memset(rows, 0, sizeof rows);
  memset(columns, 0, sizeof columns);
  memset(h, 0, sizeof h);
  memcpy(h, input, d * sizeof(real));
  for (int i = 0; i < d; i++) memcpy(rows + i * vecs, theta + i * d, d * sizeof(real));
  for (int i = 0; i < d; i++)
    for (int j = 0; j < d; j++) ((real *)columns)[j * width + i] = theta[i * d + j];

  for (int l = 0; l < LAYERS; l++) {
    real *out = (real *)(h + (l + 1) * vecs);
    times(columns, (const real *)(h + l * vecs), d, vecs, h + (l + 1) * vecs);
    for (int i = 0; i < width; i++) out[i] = tanh(out[i]);
  }
  double value = 0;
  for (int i = 0; i < d; i++) value += ((const real *)(h + LAYERS * vecs))[i];

  for (int v = 0; v < vecs; v++) adjoint[v] = (vec){0} + 1;
  for (int l = LAYERS - 1; l >= 0; l--) {
    for (int v = 0; v < vecs; v++)
      delta[l * vecs + v] = adjoint[v] * (1 - h[(l + 1) * vecs + v] * h[(l + 1) * vecs + v]);
    if (l > 0) times(rows, (const real *)(delta + l * vecs), d, vecs, adjoint);
  }
  for (int i = 0; i < d; i++) {
    vec sum[vecs];
    for (int v = 0; v < vecs; v++) sum[v] = (vec){0};
    for (int l = 0; l < LAYERS; l++)
      for (int v = 0; v < vecs; v++) sum[v] += ((const real *)delta)[l * width + i] * h[l * vecs + v];
    memcpy(g + i * d, sum, d * sizeof(real));
  }
  return value;
}

static double gradient(const real *theta, real *g) {
  return d == 10 ? gradient_of(10, theta, g) : d == 50 ? gradient_of(50, theta, g) : gradient_of(d, theta, g);
}

const work layers = {"layers", begin, gradient, NULL};
