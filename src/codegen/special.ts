// biome-ignore-all format: generated
// Generated from src/ir/special.js by `npm run generate`. Do not edit.

/** Exact source text of a special function or constant, and the others it needs. */
export const SPECIAL: Record<string, { readonly text: string; readonly uses: readonly string[] }> = {
  mod: {
    text: `function mod(x, y) {
  return y === 0 ? x : x - y * Math.floor(x / y);
}`,
    uses: [],
  },
  round: {
    text: `function round(x) {
  return x < 0 ? -Math.round(-x) : Math.round(x);
}`,
    uses: [],
  },
  nthRoot: {
    text: `function nthRoot(x, n) {
  const k = Math.abs(n);
  const a = Math.abs(x);
  if (k === 0 || (x < 0 && k % 2 !== 1)) return NaN;
  let r = a ** (1 / k);
  // One Newton step takes out the rounding of 1 / k: nthRoot(64, 3) is 4.
  const e = a / r ** k - 1;
  if (Math.abs(e) < 1e-9) r += (r * e) / k;
  if (x < 0) r = -r;
  return n < 0 ? 1 / r : r;
}`,
    uses: [],
  },
  hypot: {
    text: `function hypot(...xs) {
  let s = 0;
  for (let i = 0; i < xs.length; i++) s += xs[i] * xs[i];
  return s > 1e-280 && s < 1e300 ? Math.sqrt(s) : Number.isNaN(s) ? s : Math.hypot(...xs);
}`,
    uses: [],
  },
  hypot2: {
    text: `function hypot2(x, y) {
  const s = x * x + y * y;
  return s > 1e-280 && s < 1e300 ? Math.sqrt(s) : Number.isNaN(s) ? s : Math.hypot(x, y);
}`,
    uses: [],
  },
  hypot3: {
    text: `function hypot3(x, y, z) {
  const s = x * x + y * y + z * z;
  return s > 1e-280 && s < 1e300 ? Math.sqrt(s) : Number.isNaN(s) ? s : Math.hypot(x, y, z);
}`,
    uses: [],
  },
  erf: {
    text: `function erf(x) {
  const a = Math.abs(x);
  if (a < 0.84375) return x + erfMinusX(x);
  if (a < 6) return x < 0 ? erfcTail(a) - 1 : 1 - erfcTail(a);
  return Math.sign(x);
}`,
    uses: ['erfMinusX', 'erfcTail'],
  },
  erfc: {
    text: `function erfc(x) {
  if (x >= 0.84375) return x < 28 ? erfcTail(x) : 0;
  if (x <= -0.84375) return x > -6 ? 2 - erfcTail(-x) : 2;
  return x < 0.25 ? 1 - (x + erfMinusX(x)) : 0.5 - (x - 0.5 + erfMinusX(x));
}`,
    uses: ['erfMinusX', 'erfcTail'],
  },
  erfMinusX: {
    text: `function erfMinusX(x) {
  const z = x * x;
  return ((((((((((1.07308565e-8 * z
    - 1.5715986902e-7) * z
    + 1.64018607246e-6) * z
    - 1.492214094005e-5) * z
    + 0.00012055200922305) * z
    - 0.0008548323821924) * z
    + 0.005223977576965194) * z
    - 0.026866170640844313) * z
    + 0.11283791670935671) * z
    - 0.3761263890318341) * z
    + 0.12837916709551256) * x;
}`,
    uses: [],
  },
  erfcTail: {
    text: `function erfcTail(x) {
  // x^2 = z^2 - d where z has 24 bits, so that z * z and 1.7724539041519165 * z are exact.
  const z = Math.fround(x);
  const d = (z - x) * (z + x);
  const p = (((((((0.886226925494527 * x
    + 13.923806562737475) * x
    + 111.7118245081068) * x
    + 577.1256169489225) * x
    + 2073.83692149495) * x
    + 5287.108527388851) * x
    + 9368.553712680963) * x
    + 10669.988246367653) * x
    + 6154.340875082828;
  const q = ((((((((x
    + 15.711333258422613) * x
    + 127.05329510594302) * x
    + 666.9278704083721) * x
    + 2464.6273207199997) * x
    + 6593.519000811225) * x
    + 12727.438630311253) * x
    + 17112.231797481836) * x
    + 14633.843543678899) * x
    + 6154.340860724972;
  const y = 1.7724539041519165 * (x - z) - 5.324640047660808e-8 * x + p / q;
  // The factor exp(d), here as a divisor 1 - d + d^2 / 2 - ...
  const a = 1.7724539041519165 * z;
  return Math.exp(-z * z) / (a + (y - (a + y) * d * (1 - d * (0.5 - d / 6))));
}`,
    uses: [],
  },
  gamma: {
    text: `function gamma(x) {
  if (x <= 0 && x === Math.floor(x)) return x > -Infinity ? Infinity : NaN;
  if (x < -0.5) {
    // Reflection: gamma(x) gamma(-x) = -pi / (x sin(pi x)).
    const n = Math.round(x);
    const s = x * Math.sin(Math.PI * (n - x)) * gamma(-x);
    return (n % 2 === 0 ? Math.PI : -Math.PI) / s;
  }
  if (x < 0.5) return Math.exp(x * lgammaKernel(x)) / (x * (1 + x));
  if (x < 1.5) return Math.exp((x - 1) * lgammaKernel(x - 1)) / x;
  if (x > 172) return Infinity;
  if (x > 24) {
    const r = x ** (x / 2 - 0.25);
    return r * Math.exp(-x) * r * (2.5066282746310002 * Math.exp(stirling(x)));
  }
  // x - 1 is exact, and so is the product for whole x.
  let p = 1;
  while (x > 2.5) {
    x -= 1;
    p *= x;
  }
  return p * Math.exp((x - 2) * lgammaKernel(x - 2));
}`,
    uses: ['lgammaKernel', 'stirling'],
  },
  lgamma: {
    text: `function lgamma(x) {
  if (x < -0.5) {
    const s = x * Math.sin(Math.PI * (x - Math.round(x)));
    return s === 0 || x === -Infinity ? Infinity : Math.log(Math.PI / Math.abs(s)) - lgamma(-x);
  }
  if (x < 0.5) return x * lgammaKernel(x) - Math.log(Math.abs(x * (1 + x)));
  if (x < 1.5) return (x - 1) * lgammaKernel(x - 1) - Math.log1p(x - 1);
  if (x < 10) {
    let p = 1;
    while (x > 2.5) {
      x -= 1;
      p *= x;
    }
    return Math.log(p) + (x - 2) * lgammaKernel(x - 2);
  }
  return (x - 0.5) * (Math.log(x) - 1) + 0.4189385332046727 + stirling(x);
}`,
    uses: ['lgammaKernel', 'stirling'],
  },
  lgammaKernel: {
    text: `function lgammaKernel(s) {
  const p = (((((4.922894067757869e-6 * s
    + 0.0012904965871620045) * s
    + 0.028200417028336113) * s
    + 0.20676371311733216) * s
    + 0.6512781964485379) * s
    + 0.8942136616186527) * s
    + 0.42278433509846713;
  const q = ((((0.0003704489672011275 * s
    + 0.013384139590422395) * s
    + 0.14608223234732592) * s
    + 0.6682996040781046) * s
    + 1.3523363585866515) * s
    + 1;
  return p / q;
}`,
    uses: [],
  },
  stirling: {
    text: `function stirling(x) {
  const u = 1 / (x * x);
  return (
    ((((0.00079197 * u - 0.00059475007) * u + 0.000793648681) * u - 0.002777777774034) * u +
      0.08333333333333148) /
    x
  );
}`,
    uses: [],
  },
  polygamma: {
    text: `function polygamma(order, x) {
  if (order === 0) return digamma(x);
  if (order === 1) return trigamma(x);
  const sign = order % 2 === 0 ? -1 : 1;
  if (x <= 0) {
    const r = x - Math.round(x);
    if (r === 0) return sign > 0 ? Infinity : x === 0 ? -1 / x : NaN;
    return -sign * polygamma(order, 1 - x) - cotDerivative(order, r);
  }
  if (x === Infinity) return sign * 0;
  let head = 0;
  for (; x < order + 10; x++) head += x ** (-order - 1);
  const u = 1 / (x * x);
  let tail = 1 + order / (2 * x);
  let c = 1;
  for (let k = 0; k < BERNOULLI.length; k++) {
    c *= ((2 * k + order) * (2 * k + order + 1) * u) / ((2 * k + 1) * (2 * k + 2));
    tail += c * BERNOULLI[k];
  }
  let f = 1;
  for (let k = 2; k < order; k++) f *= k;
  return sign * f * (order * head + tail * x ** -order);
}`,
    uses: ['BERNOULLI', 'cotDerivative', 'digamma', 'trigamma'],
  },
  BERNOULLI: {
    text: `const BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510];`,
    uses: [],
  },
  cotDerivative: {
    text: `function cotDerivative(order, x) {
  const c = 1 / Math.tan(Math.PI * x);
  let p = [0, Math.PI];
  for (let n = 0; n < order; n++) {
    const d = new Array(p.length + 1).fill(0);
    for (let k = 1; k < p.length; k++) {
      d[k - 1] -= Math.PI * k * p[k];
      d[k + 1] -= Math.PI * k * p[k];
    }
    p = d;
  }
  return p.reduceRight((s, a) => s * c + a, 0);
}`,
    uses: [],
  },
  digamma: {
    text: `function digamma(x) {
  if (x <= 0) {
    const r = x - Math.round(x);
    if (r === 0) return x === 0 ? -1 / x : NaN;
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * r);
  }
  let head = 0;
  for (; x < 7; x++) head += 1 / x;
  const u = 1 / (x * x);
  const tail = u * (0.083333333333299
    + u * (-0.00833333330022
    + u * (0.003968243276
    + u * (-0.00416506942
    + u * (0.007453465
    - u * 0.0163206)))));
  return Math.log(x) - 0.5 / x - tail - head;
}`,
    uses: [],
  },
  trigamma: {
    text: `function trigamma(x) {
  if (x <= 0) {
    const s = Math.sin(Math.PI * (x - Math.round(x))) / Math.PI;
    return s === 0 ? Infinity : 1 / (s * s) - trigamma(1 - x);
  }
  let head = 0;
  for (; x < 8; x++) head += 1 / (x * x);
  const u = 1 / (x * x);
  const tail = u * (0.166666666666566
    + u * (-0.03333333320637
    + u * (0.02380947036
    + u * (-0.0333229318
    + u * (0.07472175
    - u * 0.200757)))));
  return (1 + 0.5 / x + tail) / x + head;
}`,
    uses: [],
  },
  sigmoid: {
    text: `function sigmoid(x) {
  const e = Math.exp(-Math.abs(x));
  return (x < 0 ? e : 1) / (1 + e);
}`,
    uses: [],
  },
  softplus: {
    text: `function softplus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}`,
    uses: [],
  },
  logit: {
    text: `function logit(p) {
  // 2 p - 1 is exact from 1/4 on.
  return p > 0.25 && p < 0.75 ? Math.log1p((2 * p - 1) / (1 - p)) : Math.log(p / (1 - p));
}`,
    uses: [],
  },
  xlogy: {
    text: `function xlogy(x, y) {
  return x === 0 && (y < 0 || y >= 0) ? 0 : x * Math.log(y);
}`,
    uses: [],
  },
  xlog1py: {
    text: `function xlog1py(x, y) {
  return x === 0 && y >= -1 ? 0 : x * Math.log1p(y);
}`,
    uses: [],
  },
  xlogx: {
    text: `function xlogx(x) {
  return x === 0 ? 0 : x * Math.log(x);
}`,
    uses: [],
  },
  logsumexp: {
    text: `function logsumexp(...xs) {
  let top = -Infinity;
  let at = -1;
  for (let i = 0; i < xs.length; i++) {
    if (!(xs[i] <= top)) {
      top = xs[i];
      at = i;
      if (!(top < Infinity)) break;
    }
  }
  let s = 0;
  for (let i = 0; i < xs.length; i++) {
    if (i !== at) s += xs[i] === top ? 1 : Math.exp(xs[i] - top);
  }
  return top + Math.log1p(s);
}`,
    uses: [],
  },
  logsumexp2: {
    text: `function logsumexp2(x, y) {
  return Math.max(x, y) + Math.log1p(x === y ? 1 : Math.exp(-Math.abs(x - y)));
}`,
    uses: [],
  },
  logcosh: {
    text: `function logcosh(x) {
  const a = Math.abs(x);
  if (a > 1) return a - Math.LN2 + Math.log1p(Math.exp(-2 * a));
  // cosh(x) - 1 = e^2 / (2 (1 + e)) where e = exp(|x|) - 1.
  const e = Math.expm1(a);
  return Math.log1p((e * e) / (2 + 2 * e));
}`,
    uses: [],
  },
  log1mexp: {
    text: `function log1mexp(x) {
  return x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x));
}`,
    uses: [],
  },
  sqrt1pm1: {
    text: `function sqrt1pm1(x) {
  return x > 3 ? Math.sqrt(1 + x) - 1 : x / (Math.sqrt(1 + x) + 1);
}`,
    uses: [],
  },
  phi: {
    text: `function phi(order, x) {
  if (order === 0) return Math.exp(x);
  if (x > 700) {
    // The terms that the recurrence takes away are negligible, and exp may overflow where the quotient does not.
    const h = Math.exp(x / 2);
    return x < Infinity ? (h / x ** order) * h : x;
  }
  if (order === 1 && x !== 0) return Math.expm1(x) / x;
  let f = 1;
  if (Math.abs(x) > order + 1) {
    let y = Math.expm1(x) / x;
    for (let k = 1; k < order; k++) {
      f *= k;
      y = (y - 1 / f) / x;
    }
    return y;
  }
  for (let k = 2; k <= order; k++) f *= k;
  let sum = 1;
  let term = 1;
  for (let k = order + 1; Math.abs(term) > 1e-17 * sum; k++) {
    term *= x / k;
    sum += term;
  }
  return sum / f;
}`,
    uses: [],
  },
  sphericalBessel: {
    text: `function sphericalBessel(order, x) {
  const a = Math.abs(x);
  if (a === Infinity) return 0;
  if (order === 0) return a > 0 ? Math.sin(a) / a : x + 1;
  const z = (a * a) / 2;
  let y = 1;
  if (z < order + 1.5) {
    let term = 1;
    for (let k = 1; Math.abs(term) > 1e-17; k++) {
      term *= -z / (k * (2 * order + 2 * k + 1));
      y += term;
    }
    for (let k = 1; k <= order; k++) y *= a / (2 * k + 1);
  } else {
    const j0 = Math.sin(a) / a;
    const j1 = (j0 - Math.cos(a)) / a;
    if (a > order) {
      let low = j0;
      y = j1;
      for (let k = 1; k < order; k++) {
        const next = ((2 * k + 1) / a) * y - low;
        low = y;
        y = next;
      }
    } else {
      let high = 0;
      let now = 1e-200;
      for (let k = order + 30; k > 0; k--) {
        const low = ((2 * k + 1) / a) * now - high;
        high = now;
        now = low;
        if (k === order + 1) y = now;
      }
      y *= Math.abs(j0) > Math.abs(j1) ? j0 / now : j1 / high;
    }
  }
  return x < 0 && order % 2 === 1 ? -y : y;
}`,
    uses: [],
  },
};
