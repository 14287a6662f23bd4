import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emitDot } from '../../src/codegen/dot.ts';
import { builder } from '../../src/ir/build.ts';
import { Graph } from '../../src/ir/graph.ts';
import { parseIr } from '../../src/ir/parse.ts';
import { namedSize } from '../../src/ir/size.ts';
import { programs, sampleProgram } from '../ir/programs.ts';

test('a small program', () => {
  expect(emitDot(sampleProgram())).toBe(String.raw`digraph "sample.expr" {
  node [shape=box, style="rounded,filled", fillcolor=white]
  subgraph cluster_forward {
    label=forward; style="rounded,filled"; color="#eef4fb"
    n0 [label="x", shape=ellipse, peripheries=2]
    n1 [label="y", shape=ellipse, peripheries=2]
    n3 [label="z\n-", tooltip="x - 1"]
    c0 [label="1", shape=plaintext]
    n5 [label="^", tooltip="z^2 + 3 y"]
    c1 [label="2", shape=plaintext]
    n7 [label="*", tooltip="z^2 + 3 y"]
    c2 [label="3", shape=plaintext]
    n8 [label="+", tooltip="z^2 + 3 y"]
    r0 [label="value", shape=plaintext, fontsize=18]
  }
  subgraph cluster_derivative {
    label=derivative; style="rounded,filled"; color="#fdf1e4"
    n9 [label="*", tooltip="z^2 + 3 y"]
    c3 [label="2", shape=plaintext]
    r1 [label="grad x", shape=plaintext, fontsize=18]
    r2 [label="grad y", shape=plaintext, fontsize=18]
    c4 [label="3", shape=plaintext]
    r3 [label="hessian x.x", shape=plaintext, fontsize=18]
    c5 [label="2", shape=plaintext]
  }
  n0 -> n3 [label="1"]
  c0 -> n3 [label="2"]
  n3 -> n5 [label="1"]
  c1 -> n5 [label="2"]
  c2 -> n7
  n1 -> n7
  n5 -> n8
  n7 -> n8
  c3 -> n9
  n3 -> n9
  n8 -> r0
  n9 -> r1
  c4 -> r2
  c5 -> r3
}
`);
});

test('labels are escaped, orders shown, edges of a select named', () => {
  const dot = emitDot(
    parseIr(`program "a\\"\\\\b"
  | x "\\n" # the text
  input "q\\"\\\\N" @1:1+8
  %0 = input "q\\"\\\\N" @1:1+8
  %1 = phi %0 order=2
  %2: bool = lt %0 %1
  %3 = select %2 %0 %1
  return f = %3
`),
  );
  expect(dot).toContain('digraph "a\\"\\\\b" {');
  expect(dot).toContain('n0 [label="q\\"\\\\N", shape=ellipse, tooltip="x \\"\\\\n\\" #"]');
  expect(dot).toContain('n1 [label="phi 2"]');
  for (const edge of ['n2 -> n3 [label="if"]', 'n0 -> n3 [label="then"]', 'n1 -> n3 [label="else"]']) {
    expect(dot).toContain(edge);
  }
  expect(dot).not.toContain('derivative');
});

/** The part of the DOT grammar that is used: one statement a line, strings closed on their line. */
const STRING = String.raw`"(?:[^"\\\n\p{Cc}]|\\["\\n])*"`;
const LINE = new RegExp(
  String.raw`^ *(?:digraph ${STRING} \{|subgraph cluster_\w+ \{|\}|node \[.*\]|label=\w+; style=${STRING}; color=${STRING}` +
    String.raw`|[ncr]\d+ \[label=${STRING}(?:, \w+=(?:\w+|${STRING}))*\]|[nc]\d+ -> [nr]\d+(?: \[label=${STRING}\])?)$`,
  'u',
);

test('random programs: well formed, every edge joins declared nodes', () => {
  fc.assert(
    fc.property(programs, program => {
      const lines = emitDot(program).trimEnd().split('\n');
      expect(lines.filter(line => !LINE.test(line))).toEqual([]);
      const declared = lines.flatMap(line => /^ *([ncr]\d+) \[/.exec(line)?.[1] ?? []);
      expect(new Set(declared).size).toBe(declared.length);
      const ends = lines.flatMap(line => /^ *(\w+) -> (\w+)/.exec(line)?.slice(1) ?? []);
      expect(ends.filter(end => !declared.includes(end))).toEqual([]);
    }),
    { seed: 8, numRuns: 200 },
  );
});

test('shapes on boxes and edges, attributes in boxes', () => {
  const graph = new Graph();
  const b = builder(graph);
  const n = namedSize('n');
  const X = graph.input('X', 'real', [n, 3]);
  const w = b.array([1, 2, 3], [3]);
  const z = b.contract('ij,j->i', X, w);
  const f = b.reduceSum(b.slice(z, { axis: 0, start: 1, step: 2, length: 2 }));
  const dot = emitDot({
    ...sampleProgram(),
    graph,
    inputs: [{ name: 'X', shape: X.shape, dtype: 'real', node: X }],
    outputs: [
      { name: 'f', shape: [], elements: [f] },
      { name: 'z', shape: [n], elements: [z] },
    ],
    wrt: [],
    derivatives: [],
  });
  expect(dot.split('\n').slice(4, -2).join('\n')).toBe(String.raw`    n0 [label="X\nn x 3", shape=ellipse]
    n1 [label="array 1, 2, 3\n3"]
    n2 [label="contract ab,b->a\nn"]
    n3 [label="slice axis=0 start=1 step=2 length=2\n2"]
    n4 [label="reduceSum axes=0"]
    r0 [label="f", shape=plaintext, fontsize=18]
    r1 [label="z", shape=plaintext, fontsize=18]
  }
  n0 -> n2 [label="1: n x 3"]
  n1 -> n2 [label="2: 3"]
  n2 -> n3 [label="n"]
  n3 -> n4 [label="2"]
  n4 -> r0
  n2 -> r1 [label="n"]`);
});
