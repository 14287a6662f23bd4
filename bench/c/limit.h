// What the programs in C share: one precision for all of them, double or with -DSINGLE float, and vectors of 64 bytes,
// which gcc maps to whatever the processor has. They are the limit that emitted code is measured against, so they know
// their work: what value and gradient have in common, what fits in registers and caches, BLAS for products.
#pragma once

#include <cblas.h>
#include <stdlib.h>
#include <string.h>
#include <tgmath.h>

#ifdef SINGLE
typedef float real;
#define BLAS(name) cblas_s##name
#else
typedef double real;
#define BLAS(name) cblas_d##name
#endif

typedef real vec __attribute__((vector_size(64)));

enum { LANES = sizeof(vec) / sizeof(real) };

/** Code for one constant size: the loops over it are unrolled. */
#define SPECIALISED static inline __attribute__((always_inline))

/** A kind of work. `begin` takes the sizes and the data, in the order of data.mjs, both of which stay where they are. */
typedef struct {
  const char *name;
  void (*begin)(const int *sizes, const real *data);
  double (*gradient)(const real *theta, real *g);
  void (*hessian)(const real *theta, real *H);
} work;

extern const work logistic, mlp, factorization, layers, gmm, product;

/** Zeros for `count` numbers, at the start of a line of the cache. */
static inline void *zeros(size_t count) {
  const size_t bytes = (count * sizeof(real) + 63) / 64 * 64;
  return memset(aligned_alloc(64, bytes), 0, bytes);
}

static inline real sum_of(vec v) {
  union {
    vec whole;
    real half[2] __attribute__((vector_size(32)));
  } a = {v};
  union {
    real whole __attribute__((vector_size(32)));
    real half[2] __attribute__((vector_size(16)));
  } b = {a.half[0] + a.half[1]};
  const real quarter __attribute__((vector_size(16))) = b.half[0] + b.half[1];
  real sum = 0;
  for (int lane = 0; lane < LANES / 4; lane++) sum += quarter[lane];
  return sum;
}

/** C (n x m) = A B + beta C, or with transposed operands, of dense matrices by rows; k is the length that is summed over. */
static inline void multiply(enum CBLAS_TRANSPOSE a, enum CBLAS_TRANSPOSE b, int n, int m, int k, const real *A,
                            const real *B, real beta, real *C) {
  const int strideA = a == CblasTrans ? n : k, strideB = b == CblasTrans ? k : m;
  BLAS(gemm)(CblasRowMajor, a, b, n, m, k, 1, A, strideA, B, strideB, beta, C, m);
}
