// Bundles the library, the command and the mathjs scope into dist/, without white space, which start-up would have to
// read. Of mathjs only the parser is taken (15 kB);
// nothing that the command loads at start-up may pull in the rest.
export default {
  input: { index: 'src/index.ts', cli: 'src/cli.ts', worker: 'src/cli/worker.ts', mathjs: 'src/mathjs.ts' },
  platform: 'node',
  external: [/^node:/, 'mathjs'],
  output: {
    dir: 'dist',
    format: 'esm',
    cleanDir: true,
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
  },
};
