// A function body in pieces, where it is too long for the optimiser of a JavaScript engine: V8 of Node 20 and 22 never
// optimises above 61,440 bytes of bytecode. Numbers that cross from one piece into another go through one array.

/** A statement of the outermost block as text. */
export interface Piece {
  readonly lines: readonly string[];
  /** The constant or variable that it declares for those after it. */
  readonly declares?: { readonly name: string; readonly isMask: boolean };
  /** A body may be cut after it. */
  readonly isLoop: boolean;
}

export interface Split {
  /** The bodies of the pieces, to be called in turn; the last one returns what the function returns. */
  readonly bodies: readonly (readonly string[])[];
  /** Length of the array that carries numbers between them. */
  readonly slots: number;
}

/** Characters of a body that stays whole, and of a piece; a character is about 1.5 bytes of bytecode. */
const LARGEST_BODY = 32_000;
const PIECE = 16_000;

/** Cuts `statements` into pieces if they are too many; `memory` is the array that carries numbers. */
export function split(statements: readonly Piece[], memory: string): Split {
  const total = statements.reduce((sum, { lines }) => sum + lengthOf(lines), 0);
  if (total <= LARGEST_BODY) return { bodies: [statements.flatMap(({ lines }) => lines)], slots: 0 };
  const groups: Piece[][] = [[]];
  let length = 0;
  for (const statement of statements) {
    groups.at(-1)!.push(statement);
    length += lengthOf(statement.lines);
    if (statement.isLoop && length > PIECE) {
      groups.push([]);
      length = 0;
    }
  }
  if (groups.at(-1)!.length === 0) groups.pop();

  const texts = groups.map(group => identifiersIn(group.flatMap(({ lines }) => lines).join('\n')));
  const bodies = groups.map(group => group.flatMap(({ lines }) => lines));
  let slots = 0;
  for (const [at, group] of groups.entries()) {
    for (const { declares } of group) {
      if (declares === undefined) continue;
      const readers = texts.flatMap((names, other) =>
        other > at && names.has(declares.name) ? [other] : [],
      );
      if (readers.length === 0) continue;
      const slot = `${memory}[${slots++}]`;
      bodies[at].push(`${slot} = ${declares.isMask ? `${declares.name} ? 1 : 0` : declares.name};`);
      for (const reader of readers) {
        bodies[reader].unshift(`const ${declares.name} = ${slot}${declares.isMask ? ' === 1' : ''};`);
      }
    }
  }
  return { bodies, slots };
}

function lengthOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.trimStart().length, 0);
}

/** Every word of a text that may be a name. */
export function identifiersIn(text: string): ReadonlySet<string> {
  return new Set(text.match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu));
}
