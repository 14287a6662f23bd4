// Mistakes with arrays: code and text of each, and the look of those about shapes. All independent mistakes of a file are
// told at once; what depends on one is silent.

import { describe, expect, test } from 'vitest';
import { formatDiagnostic, SymgradError } from '../../src/errors.ts';
import { type ParseOptions, parseFormula } from '../../src/frontend/index.ts';

function errorOf(text: string, options?: ParseOptions): SymgradError {
  try {
    parseFormula(text, options);
  } catch (error) {
    if (error instanceof SymgradError) return error;
    throw error;
  }
  throw new Error('no mistake was found');
}

/** `expected` are code and text of each mistake in `formula`, which is about these inputs. */
function check(formula: string, ...expected: string[]): void {
  checkFile(DECLARATIONS + formula, {}, expected);
}

function checkFile(text: string, options: ParseOptions, expected: readonly string[]): void {
  test(JSON.stringify(text.replace(DECLARATIONS, '')), () => {
    const found = errorOf(text, options).diagnostics.map(({ code, span }) =>
      span === undefined ? code : `${code} ${text.slice(span.start, span.end)}`,
    );
    expect(found).toEqual(expected);
  });
}

const DECLARATIONS = `# @input s: scalar
# @input k: scalar int
# @input v: 3
# @input x: 5
# @input A: 2 x 3
# @input B: 3 x 2
# @input T: 2 x 3 x 4
# @input X: n x 20
# @input y: m
# @input i: m int
`;

describe('shapes that do not fit', () => {
  check('A * x', 'shape-mismatch A * x');
  check('A * A + 1', 'shape-mismatch A * A');
  check('T * v', 'shape-mismatch T * v');
  check('v * x', 'shape-mismatch v * x');
  check('multiply(A, B, A, A)', 'shape-mismatch multiply(A, B, A, A)');
  check('A + x', 'shape-mismatch A + x');
  check('A - B', 'shape-mismatch A - B');
  check('v .* x', 'shape-mismatch v .* x');
  check('A ./ B', 'shape-mismatch A ./ B');
  check('A .^ x', 'shape-mismatch A .^ x');
  check('v < x', 'shape-mismatch v < x');
  check('s < v < x', 'shape-mismatch s < v < x');
  check('atan2(v, x)', 'shape-mismatch atan2(v, x)');
  check('max(v, x)', 'shape-mismatch max(v, x)');
  check('where(v > 0, x, 0)', 'shape-mismatch where(v > 0, x, 0)');
  check('X * v', 'shape-mismatch X * v');
  check('X[1:n, :] + X[2:n, :]', 'shape-mismatch X[1:n, :] + X[2:n, :]');
  check('1 / A', 'shape-mismatch 1 / A');
  check('A / B', 'shape-mismatch A / B');
  check('v^2', 'shape-mismatch v^2');
  check('2^A', 'shape-mismatch 2^A');
  check('e^v', 'shape-mismatch e^v');
  check('A^2', 'shape-mismatch A^2');
  check("(A * A')^s + (A * B)^-1 + (A * B)^0.5", 'matrix-power s', 'matrix-power -1', 'matrix-power 0.5');
  check("T'", "shape-mismatch T'");
  check('s ? v : x', 'shape-mismatch s ? v : x');
  check('s ? v : 1', 'shape-mismatch s ? v : 1');
  check('v > 0 ? 1 : 2', 'condition v > 0');
  check('dot(v, x)', 'shape-mismatch dot(v, x)');
  check('dot(A, A)', 'shape-mismatch dot(A, A)');
  check('outer(A, v)', 'shape-mismatch outer(A, v)');
  check('cross(v, x)', 'shape-mismatch cross(v, x)');
  check('kron(T, v)', 'shape-mismatch kron(T, v)');
  check('trace(A) + trace(v)', 'shape-mismatch trace(A)', 'shape-mismatch trace(v)');
  check('norm(A) + norm(A, 3) + norm(T)', ...['A', 'A, 3', 'T'].map(args => `shape-mismatch norm(${args})`));
  check('concat(A, v)', 'shape-mismatch concat(A, v)');
  check('concat(A, B, 1)', 'shape-mismatch concat(A, B, 1)');
  check('matrixFromRows(v, x)', 'shape-mismatch matrixFromRows(v, x)');
  check('row(v, 1)', 'shape-mismatch row(v, 1)');
  check('diag(T)', 'shape-mismatch diag(T)');
  check('diag(X)', 'shape-mismatch diag(X)');
  check('reshape(A, [4, 2])', 'shape-mismatch reshape(A, [4, 2])');
  check('reshape(A, [4, -1])', 'shape-mismatch reshape(A, [4, -1])');
  check('map(v, x, f(a, b) = a)', 'shape-mismatch map(v, x, f(a, b) = a)');
  check('[v, x]', 'array [v, x]');
  check('[v, A]', 'array [v, A]');
  check('[v, 1]', 'array [v, 1]');
  check('f(p) = p * x\nf(A) + f(v)', 'shape-mismatch p * x', 'shape-mismatch p * x');
});

describe('einsum', () => {
  check('einsum("ij,jk->ik", A, A)', 'shape-mismatch einsum("ij,jk->ik", A, A)');
  check('einsum("ij->ij", v)', 'shape-mismatch einsum("ij->ij", v)');
  check('einsum("ii->", A)', 'shape-mismatch einsum("ii->", A)');
  check('einsum("ij->k", A)', 'option einsum("ij->k", A)');
  check('einsum("ij->ii", A)', 'option einsum("ij->ii", A)');
  check('einsum("i.j->", A)', 'option einsum("i.j->", A)');
  check('einsum(A, v)', 'option einsum(A, v)');
  check('einsum("ij,j", A)', 'wrong-arity einsum("ij,j", A)');
});

describe('dimensions and options', () => {
  check(
    'sum(A, 3) + mean(A, 0) + max(v, 2) + softmax(A, -1)',
    ...['3', '0', '2', '-1'].map(d => `dimension ${d}`),
  );
  check('sum(A, s) + cumsum(A, 1.5) + logsumexp(v, v)', 'dimension s', 'dimension 1.5', 'dimension v');
  check('sum(v, 1, 2)', 'shape-mismatch sum(v, 1, 2)');
  check('sum(s, v)', 'not-an-array s');
  check('concat(A, A, 3)', 'dimension 3');
  check('norm(v, "max") + norm(v, s)', 'option norm(v, "max")', 'option s');
  check('std(v, "sample")', 'option std(v, "sample")');
  check('sum(v, "x") + "abc"', 'string "x"', 'string "abc"');
  check('diag(A, 4)', 'dimension diag(A, 4)');
});

describe('lengths and ranges', () => {
  check('zeros(s)', 'length s');
  check('zeros(k, 2)', 'length k');
  check('ones(2.5)', 'length 2.5');
  check('ones(-1) + zeros(n - n - 2)', 'length -1', 'length n - n - 2');
  check('identity(2, 2, 2)', 'wrong-arity identity(2, 2, 2)');
  check('reshape(A, 6)', 'length 6');
  check('reshape(A, [s, 2])', 'length [s, 2]');
  check('reshape(X, [-1, n + 1])', 'shape-mismatch reshape(X, [-1, n + 1])');
  check('1:s', 'range s');
  check('1:k:5', 'range k');
  check('1:0:5', 'range 0');
  check('0:0.5:n', 'range 0.5');
});

describe('indices', () => {
  check('x[6] + x[0] + x[end + 1]', 'index 6', 'index 0', 'index end + 1');
  check('x[1.5] + x[[1, 2.5]]', 'index 1.5', 'index [1, 2.5]');
  check('x[2:6] + x[0:2]', 'index 2:6', 'index 0:2');
  check('x[[1, 6, 2]]', 'index [1, 6, 2]');
  check('X[n + 1, 1]', 'index n + 1');
  check('y[i]\nX[1:21, 21]', 'index 21');
  check('A[1]', 'shape-mismatch A[1]');
  check('x[:, :]', 'shape-mismatch x[:, :]');
  check('x[:, end]', 'shape-mismatch x[:, end]');
  check(
    'x[x > 0] + x[true] + x[[true, false, true, true, true]]',
    ...['x > 0', 'true', '[true, false, true, true, true]'].map(mask => `mask-index ${mask}`),
  );
  check('x[A]', 'index A');
  check('x[s]', 'not-an-integer s');
  check('x[v]', 'not-an-integer v');
  check('s[1] + (s + 1)[end]', 'not-an-array s', 'not-an-array (s + 1)');
  check('x[1] = 2\nx', 'element-assignment x');
  check('A[1, 2] = s\nA', 'element-assignment A');
  check('end + 1', 'syntax end');
  check('subset(A, index(3, 1))', 'index 3');
  check('index(1)', 'index index(1)');
  check('x(2)', 'not-a-function x');
});

describe('mapped functions', () => {
  check('map(v, w)', 'unknown-function w');
  check('map(v, x)', 'not-a-function x');
  check('map(v, 2)', 'not-a-function 2');
  check('map(v, f(a, b) = a)', 'wrong-arity map(v, f(a, b) = a)');
  check('map(v, sin, cos)', 'function-as-value sin');
  check('map(s, exp)', 'not-an-array s');
  check('map(v, f(t) = t * x)', 'mapped-array t * x');
  check('map(v, f(t) = x)', 'mapped-array map(v, f(t) = x)');
  check('map(v, f(t) = [t, 1])', 'array [t, 1]');
  check('map(v, f(t) = t[1])', 'not-an-array t');
  check('map(v, f(t) = sum(map(x, g(u) = u * t)))', 'mapped-array u * t');
  check('f(t) = map(v, f)\nf(1)', 'recursion map(v, f)');
});

describe('inputs', () => {
  const file = (text: string, expected: string[], options: ParseOptions = {}): void =>
    checkFile(text, options, expected);
  file('x[k]', ['undeclared-shape x']);
  file('x[end] + A[1, 2] + size(z)[1]', ['undeclared-shape x', 'undeclared-shape A', 'undeclared-shape z']);
  file('dot(x, y) + softmax(z)', ['undeclared-shape x', 'undeclared-shape y', 'undeclared-shape z']);
  file('# @input w: n\ndot(x, concat(w, w))', ['undeclared-shape x']);
  file('# @input n: scalar\n# @input X: n x 2\nsum(X)', ['duplicate-name n']);
  file('# @input X: end x 2\nsum(X)', ['directive-syntax end x 2']);
  file('# @wrt n\n# @input X: n x 2\nsum(X)', ['not-differentiable n']);
  file('# @input X: n x 2\nsum(X)', ['not-differentiable'], { wrt: ['n'] });
  file('# @input X: n x 2\nsum(X)', ['not-an-integer'], { define: { n: 2.5 } });
  file('# @input X: n x 2\nsum(X) + n', ['unknown-size X'], { define: { X: 0 } });
  file('# @input i: 3 int\nsum(i)', ['not-an-integer i'], { define: { i: 0.5 } });
  file('# @input X: n x 2\nsum(X)', ['directive-syntax X'], { shapes: { X: 'n*2' } });
  const two = '# @input X: n x 2\n# @input y: n\nsum(X) + sum(y)';
  file(two, ['shape-mismatch y'], { shapes: { X: '4x2', y: '5' } });
  file(two, ['shape-mismatch X'], { shapes: { X: '4x2' }, define: { n: 5 } });
  file('# @input S: d x d\nsum(S)', ['shape-mismatch S'], { shapes: { S: '4x5' } });
});

describe('too large', () => {
  const powers = '# @input A: n x m\nB = kron(A, A)\nC = kron(B, B)\nD = kron(C, C)\nE = kron(D, D)\n';
  checkFile(`${powers}F = kron(E, E)\nsum(kron(F, F))`, {}, ['too-large F = kron(E, E)']);
  check('zeros(50000, 50000)', 'too-large zeros(50000, 50000)');
  check('sum(1:3000000000)', 'too-large 1:3000000000');
  check('outer(ones(100000), ones(100000))', 'too-large outer(ones(100000), ones(100000))');
  check('reshape(A, [1, 1, 1, 1, 1, 1, 1, 2, 3])', 'array [1, 1, 1, 1, 1, 1, 1, 2, 3]');
  check('zeros(1, 1, 1, 1, 1, 1, 1, 1, 1)', 'array zeros(1, 1, 1, 1, 1, 1, 1, 1, 1)');
  checkFile('# @input X: 70000 x 70000\nsum(X)', {}, ['too-large X']);
  checkFile('# @input X: 1 x 1 x 1 x 1 x 1 x 1 x 1 x 1 x 1\nsum(X)', {}, ['array X']);
});

describe('not there yet', () => {
  test.each('inv det lusolve sort eigs qr expm pinv median diff sqrtm'.split(' '))('%s', name => {
    const error = errorOf(`# @input A: 3 x 3\n${name}(A)`);
    expect(error.code).toBe('unsupported-function');
    expect(error.message).toBe(`\`${name}\` is a function of mathjs that symgrad does not have yet`);
  });
});

describe('frames', () => {
  const frames = (text: string, options?: ParseOptions): string =>
    `\n${errorOf(text, options)
      .diagnostics.map(diagnostic => formatDiagnostic(diagnostic, { name: 'mlp.expr', text }))
      .join('\n')}\n`;

  test('as in the design', () => {
    const text =
      '# a layer\n# @input W: 128 x 784\n# @input x: 10\n# @input b: 128\n\n\nz = W * x + b\nsum(z)';
    expect(frames(text)).toBe(`
error[shape-mismatch]: cannot multiply 128x784 by 10
  --> mlp.expr:7:5
   |
 7 | z = W * x + b
   |     ^^^^^ W is 128x784 (line 2), x has 10 elements (line 3)
   = hint: inner sizes 784 and 10 differ
`);
  });
  test('several at once, and nothing of what depends on them', () => {
    expect(
      frames(
        '# @input X: n x 20\n# @input y: n\n# @input w: 30\nz = X * w - y\nq = X + w\nsum(z) + sum(q) + dot(z, w)',
      ),
    ).toMatchInlineSnapshot(`
      "
      error[shape-mismatch]: cannot multiply nx20 by 30
        --> mlp.expr:4:5
         |
       4 | z = X * w - y
         |     ^^^^^ X is nx20 (line 1), w has 30 elements (line 3)
         = hint: inner sizes 20 and 30 differ
      error[shape-mismatch]: cannot add nx20 and 30
        --> mlp.expr:5:5
         |
       5 | q = X + w
         |     ^^^^^ X is nx20 (line 1), w has 30 elements (line 3)
         = hint: sizes are compared from the last, and 20 and 30 differ
      "
    `);
  });
  test('elementwise, with more on the left', () => {
    expect(frames('# @input A: 2 x 3\n# @input v: 2\nA + v')).toMatchInlineSnapshot(`
      "
      error[shape-mismatch]: cannot add 2x3 and 2
        --> mlp.expr:3:1
         |
       3 | A + v
         | ^^^^^ A is 2x3 (line 1), v has 2 elements (line 2)
         = hint: sizes are compared from the last, and 3 and 2 differ
         = hint: to take the vector as a column, write reshape(v, [2, 1])
      "
    `);
  });
  test('a vector as a row, a long operand', () => {
    expect(
      frames('# @input A: n x 3\n# @input v: 2\nexp(A) .* (v + 1000000000000000000000)'),
    ).toMatchInlineSnapshot(`
      "
      error[shape-mismatch]: cannot multiply elements of nx3 and 2
        --> mlp.expr:3:1
         |
       3 | exp(A) .* (v + 1000000000000000000000)
         | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ exp(A) is nx3, the right side has 2 elements
         = hint: sizes are compared from the last, and 3 and 2 differ
      "
    `);
  });
  test('the same matrix twice', () => {
    expect(frames('# @input A: 2 x 3\nA * A')).toMatchInlineSnapshot(`
      "
      error[shape-mismatch]: cannot multiply 2x3 by 2x3
        --> mlp.expr:2:1
         |
       2 | A * A
         | ^^^^^ A is 2x3 (line 1)
         = hint: inner sizes 3 and 2 differ
         = hint: the product of elements is written \`.*\`
      "
    `);
  });
  test('in a function, where it is called', () => {
    expect(
      frames('f(M, t) = M * t + 1\n# @input A: 2 x 3\n# @input u: 2\ng(t) = f(A, t)\ng(u)'),
    ).toMatchInlineSnapshot(`
      "
      error[shape-mismatch]: cannot multiply 2x3 by 2
        --> mlp.expr:1:11
         |
       1 | f(M, t) = M * t + 1
         |           ^^^^^ M is 2x3, t has 2 elements
         = note: 4:8: \`f\` is called here
         = note: 5:1: \`g\` is called here
         = hint: inner sizes 3 and 2 differ
      "
    `);
  });
  test('inverses', () => {
    expect(frames('# @input v: 3\n# @input A: 3 x 3\n1 / v\nv^2\nA^-1')).toMatchInlineSnapshot(`
      "
      error[shape-mismatch]: cannot divide a number by a vector of 3
        --> mlp.expr:3:1
         |
       3 | 1 / v
         | ^^^^^ v has 3 elements (line 1)
         = hint: the quotient of elements is written \`./\`; \`/\` by a matrix would take its inverse, which is not there yet
      error[shape-mismatch]: cannot raise a vector of 3 to the power a number
        --> mlp.expr:4:1
         |
       4 | v^2
         | ^^^ v has 3 elements (line 1)
         = hint: the power of elements is written \`.^\`
      error[matrix-power]: a negative power of a matrix would take its inverse, which is not there yet
        --> mlp.expr:5:3
         |
       5 | A^-1
         |   ^^
         = hint: the power of elements is written \`.^\`
      "
    `);
  });
  test('branches', () => {
    expect(frames('# @input v: 3\n# @input s: scalar\ns > 0 ? v : [1, 2]')).toMatchInlineSnapshot(`
      "
      error[shape-mismatch]: the branches of a condition differ: a vector of 3 and a vector of 2
        --> mlp.expr:3:1
         |
       3 | s > 0 ? v : [1, 2]
         | ^^^^^^^^^^^^^^^^^^ v has 3 elements (line 1), [1, 2] has 2 elements
         = hint: both branches must have one shape: where(condition, a, b) broadcasts
      "
    `);
  });
  test('a condition', () => {
    expect(frames('# @input v: 3\nv > 0 ? 1 : 2')).toMatchInlineSnapshot(`
      "
      error[condition]: a condition must be one value, not a vector of 3
        --> mlp.expr:2:1
         |
       2 | v > 0 ? 1 : 2
         | ^^^^^
         = hint: where(condition, a, b) chooses element by element
      "
    `);
  });
  test('positions', () => {
    expect(frames('# @input A: 2 x 3\nA[3, 1] + A[0, 2] + A[1]')).toMatchInlineSnapshot(`
      "
      error[index]: position 3 is out of range: the dimension has length 2
        --> mlp.expr:2:3
         |
       2 | A[3, 1] + A[0, 2] + A[1]
         |   ^ A is 2x3 (line 1)
      error[index]: position 0 is out of range: the dimension has length 2
        --> mlp.expr:2:13
         |
       2 | A[3, 1] + A[0, 2] + A[1]
         |             ^ A is 2x3 (line 1)
         = hint: positions count from 1
      error[shape-mismatch]: 2x3 takes 2 indices, not 1
        --> mlp.expr:2:21
         |
       2 | A[3, 1] + A[0, 2] + A[1]
         |                     ^^^^ A is 2x3 (line 1)
         = hint: a whole dimension is written \`:\`
      "
    `);
  });
  test('masks and elements', () => {
    expect(frames('# @input x: 5\nx[x > 0]\nx[2] = 0')).toMatchInlineSnapshot(`
      "
      error[mask-index]: a condition is not an index
        --> mlp.expr:2:3
         |
       2 | x[x > 0]
         |   ^^^^^
         = hint: how many elements it takes would depend on the values: where(condition, x, 0) keeps their places
      error[element-assignment]: an element cannot be assigned to
        --> mlp.expr:3:1
         |
       3 | x[2] = 0
         | ^
         = hint: arrays do not change: make a new one, with where(...), concat(...) or an array literal
      "
    `);
  });
  test('an undeclared array', () => {
    expect(frames('x[1] + A[1, 2]')).toMatchInlineSnapshot(`
      "
      error[undeclared-shape]: \`x\` is used as an array, and its length is not known
        --> mlp.expr:1:1
         |
       1 | x[1] + A[1, 2]
         | ^
         = hint: declare it: # @input x: n
      error[undeclared-shape]: \`A\` is used as an array, and its lengths are not known
        --> mlp.expr:1:8
         |
       1 | x[1] + A[1, 2]
         |        ^
         = hint: declare it: # @input A: n x m
      "
    `);
  });
  test('a size as an input', () => {
    expect(frames('# @input n: scalar\n# @input X: n x 2\nsum(X)')).toMatchInlineSnapshot(`
      "
      error[duplicate-name]: \`n\` is a size, so it is no input
        --> mlp.expr:1:10
         |
       1 | # @input n: scalar
         |          ^
         = note: 2:10: the shape that has it
         = hint: a size is known from the lengths of the arrays; it may be used in formulas by its name
      "
    `);
  });
  test('a variable that is no array', () => {
    expect(frames('a = 3\na[1]')).toMatchInlineSnapshot(`
      "
      error[not-an-array]: a is a number and has no elements
        --> mlp.expr:2:1
         |
       2 | a[1]
         | ^
         = note: 1:1: \`a\` gets its value here
      "
    `);
  });
  test('lengths', () => {
    expect(frames('# @input x: n\nzeros(k) + (1:k)')).toMatchInlineSnapshot(`
      "
      error[length]: the lengths in \`zeros\` must be constant whole numbers or sizes
        --> mlp.expr:2:7
         |
       2 | zeros(k) + (1:k)
         |       ^
         = hint: a size is a name in a declaration such as \`# @input X: n x 20\`, or size(X)[1], or a sum or product of those
      error[range]: the length of a range must be known: its parts are constants or sizes
        --> mlp.expr:2:15
         |
       2 | zeros(k) + (1:k)
         |               ^
         = hint: a size is a name in a declaration such as \`# @input X: n x 20\`, or size(X)[1]
      "
    `);
  });
  test('mapped functions', () => {
    expect(frames('# @input v: 3\nmap(v, f(t) = t * v)')).toMatchInlineSnapshot(`
      "
      error[mapped-array]: inside of a mapped function its parameters are numbers, and this takes an array
        --> mlp.expr:2:15
         |
       2 | map(v, f(t) = t * v)
         |               ^^^^^
         = note: 2:1: \`f\` is called here
         = hint: write the formula with arrays: outside of map, A + 1 and exp(A) take all elements
      "
    `);
  });
});
