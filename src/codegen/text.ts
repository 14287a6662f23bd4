// Lines: breaking a long statement where a person would, and putting lists into columns.

/** Places where a line may be broken: after a comma or a binary operator, before ? and : of a conditional. */
const BREAKS = /(?<=[,+\-*/&|=] )|(?<= )(?=[?:] )/g;

/** `line` in pieces of at most `width` columns where it can be, broken at the least nested places. */
export function wrap(line: string, width: number): string[] {
  const lines: string[] = [];
  let indent = '';
  let start = 0;
  while (indent.length + line.length - start > width) {
    const at = breakOf(line, start, width - indent.length);
    if (at === undefined) break;
    lines.push(indent + line.slice(start, at).trimEnd());
    indent = '  ';
    start = at;
  }
  lines.push(indent + line.slice(start));
  return lines;
}

/**
 * Where to break the part of `line` from `start` on: the last of the least nested places in the second half of the
 * width, or the first place there is.
 */
function breakOf(line: string, start: number, width: number): number | undefined {
  let nesting = 0;
  let quoted = false;
  let scanned = start;
  let best: { at: number; nesting: number } | undefined;
  BREAKS.lastIndex = start;
  for (let match = BREAKS.exec(line); match !== null; match = BREAKS.exec(line)) {
    const at = match.index;
    BREAKS.lastIndex = at + 1; // the match is empty
    if (at <= start + 2) continue;
    for (; scanned < at; scanned++) {
      const character = line[scanned];
      if (character === "'") quoted = !quoted;
      else if (character === '(' || character === '[' || character === '{') nesting++;
      else if (character === ')' || character === ']' || character === '}') nesting--;
    }
    if (quoted) continue;
    if (at > start + width) return best?.at ?? at;
    if (at < start + width * 0.4) continue;
    if (best === undefined || nesting <= best.nesting) best = { at, nesting };
  }
  return best?.at;
}

/** `items` filled into lines of at most `width` columns, each but the last ending in a comma. */
export function fill(items: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const item of items) {
    if (line !== '' && line.length + item.length + 3 > width) {
      lines.push(`${line},`);
      line = item;
    } else {
      line = line === '' ? item : `${line}, ${item}`;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** A literal that may have to be spread over lines. */
export type Tree =
  | string
  | { readonly open: string; readonly items: readonly Item[]; readonly close: string };

/** A part of a literal: `prefix` is a key with its colon, or nothing. */
export interface Item {
  readonly prefix: string;
  readonly tree: Tree;
}

/** `prefix tree suffix` on one line if it fits into `width` columns, else with one part a line. */
export function layout(prefix: string, tree: Tree, suffix: string, width: number): string[] {
  const line = `${prefix}${flat(tree)}${suffix}`;
  if (line.length <= width) return [line];
  if (typeof tree === 'string') return wrap(line, width);
  const { open, items, close } = tree;
  const lines =
    open === '{' || items.some(item => typeof item.tree !== 'string')
      ? items.flatMap(item => layout(item.prefix, item.tree, ',', width - 2))
      : fill(
          items.map(item => flat(item.tree)),
          width - 2,
        );
  return [`${prefix}${open}`, ...indent(lines), `${close}${suffix}`];
}

/** The literal on one line. */
export function flat(tree: Tree): string {
  if (typeof tree === 'string') return tree;
  const inner = tree.items.map(item => `${item.prefix}${flat(item.tree)}`).join(', ');
  return tree.open === '{' && inner !== '' ? `{ ${inner} }` : `${tree.open}${inner}${tree.close}`;
}

export function indent(lines: readonly string[]): string[] {
  return lines.map(line => (line === '' ? '' : `  ${line}`));
}
