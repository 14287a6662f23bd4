// Identifiers and quoted texts. Whatever a user called a value, only what this file has checked reaches the emitted
// text: a local name is a valid identifier that shadows nothing the module uses, a key is quoted unless it is plain, and
// no string or comment can be left early.

/** Words that may not name a local in strict code, and globals that the emitted code refers to. */
const RESERVED: ReadonlySet<string> = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends
  false finally for function if implements import in instanceof interface let new null package private protected
  public return static super switch this throw true try typeof var void while with yield undefined NaN Infinity
  Math Number Object Array String Function Float64Array Float32Array Int32Array TypeError RangeError
  Error globalThis module exports require`.split(/\s+/),
);

const NONE: ReadonlySet<string> = new Set();

/** True if a script may declare a global variable `name` without breaking itself or the module inside. */
export function isGlobalName(name: string): boolean {
  return isIdentifierName(name) && !RESERVED.has(name) && name !== '__proto__';
}

const TEMPORARY = /^t[1-9]\d*$/;

/**
 * The names of one scope. A name is valid and free when it is taken, here and in the scopes around. Temporaries are
 * counted, not remembered: a large module has hundreds of thousands.
 */
export class Names {
  readonly #taken = new Set<string>();
  /** Names that look like temporaries, from here and from around. */
  readonly #lookalikes: Set<string>;
  readonly #outer: Names | undefined;
  #temporaries = 0;
  /** The spelling of temporaries by number, one list for all scopes of a module. */
  readonly #spellings: string[];

  constructor(outer?: Names) {
    this.#outer = outer;
    this.#lookalikes = new Set(outer === undefined ? [] : outer.#lookalikes);
    this.#spellings = outer === undefined ? [] : outer.#spellings;
  }

  /** The identifier nearest to `wanted` that is free and not in `others`; from now on it is taken. */
  take(wanted: string, others: ReadonlySet<string> = NONE): string {
    const stem = toIdentifier(wanted);
    let name = stem;
    for (let k = 1; this.#isTaken(name) || others.has(name); k++)
      name = k === 1 ? `${stem}_` : `${stem}_${k}`;
    this.#taken.add(name);
    if (TEMPORARY.test(name)) this.#lookalikes.add(name);
    return name;
  }

  /** What has been taken here. */
  get taken(): ReadonlySet<string> {
    return this.#taken;
  }

  /** The next of t1, t2, ... */
  temporary(): string {
    let name: string;
    do {
      const number = ++this.#temporaries;
      name = this.#spellings[number] ??= `t${number}`;
    } while (this.#lookalikes.size > 0 && this.#lookalikes.has(name));
    return name;
  }

  #isTaken(name: string): boolean {
    if (RESERVED.has(name)) return true;
    for (let scope: Names | undefined = this; scope !== undefined; scope = scope.#outer) {
      if (scope.#taken.has(name)) return true;
    }
    return TEMPORARY.test(name) && Number(name.slice(1)) <= this.#temporaries;
  }
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** True for words that may stand after a dot or as a bare key, reserved ones included. */
export function isIdentifierName(text: string): boolean {
  return IDENTIFIER.test(text);
}

function toIdentifier(text: string): string {
  const letters = text.replace(/[^\p{ID_Continue}$]/gu, '_');
  return IDENTIFIER.test(letters) ? letters : `_${letters}`;
}

/** `name` as a key of an object literal or a pattern. A bare `__proto__` would set the prototype. */
export function keyOf(name: string): string {
  if (name === '__proto__') return "['__proto__']";
  return isIdentifierName(name) ? name : quote(name);
}

/** One part of an object literal or a pattern: `x`, or `class: class_`. */
export function property(name: string, text: string): string {
  return name === text && isIdentifierName(name) ? name : `${keyOf(name)}: ${text}`;
}

/** `object.name`, or `object['na-me']`. */
export function member(object: string, name: string): string {
  return isIdentifierName(name) ? `${object}.${name}` : `${object}[${quote(name)}]`;
}

/** Characters that end a line, hide, reorder text, or are half of one. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** `text` as a string literal. */
export function quote(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", '\\x27') // a quote in emitted text always opens or closes a string
    .replace(/<(?=[/!])/g, '\\x3C') // the module may stand inside a script element
    .replace(UNSAFE, escapeUnits);
  return `'${escaped}'`;
}

/** `text` made harmless inside a comment, on one line. */
export function commentText(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/\*(?=\/)/g, '* ')
    .replace(/<(?=[/!])/g, '< ')
    .replace(UNSAFE, escapeUnits);
}

function escapeUnits(character: string): string {
  let text = '';
  for (let i = 0; i < character.length; i++) {
    text += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }
  return text;
}
