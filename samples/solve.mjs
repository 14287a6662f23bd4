/** Solves (M + damping diag M) x = v for a positive definite M by Cholesky's factorisation, scaled to a unit diagonal. */
export function solve(M, v, damping = 0) {
  const n = v.length;
  const scale = v.map((_, i) => 1 / Math.sqrt(M[i * n + i]));
  const L = M.map((m, k) => m * scale[Math.floor(k / n)] * scale[k % n]);
  const s = v.map((value, i) => value * scale[i]);
  for (let i = 0; i < n; i++) {
    L[i * n + i] += damping;
    for (let j = 0; j <= i; j++) {
      for (let k = 0; k < j; k++) L[i * n + j] -= L[i * n + k] * L[j * n + k];
      L[i * n + j] = i === j ? Math.sqrt(L[i * n + i]) : L[i * n + j] / L[j * n + j];
    }
    for (let k = 0; k < i; k++) s[i] -= L[i * n + k] * s[k];
    s[i] /= L[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) s[i] -= L[k * n + i] * s[k];
    s[i] /= L[i * n + i];
  }
  return s.map((value, i) => value * scale[i]);
}
