// Names of a formula in LaTeX: x1 is x with a subscript, theta_1 a Greek letter with one, a word is upright. Two names
// never look the same.

const GREEK = (
  'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega ' +
  'Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega varepsilon vartheta varphi varrho varsigma'
).split(' ');
const LETTERS = 'αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ';

/** Commands by name and by letter. */
const COMMANDS: ReadonlyMap<string, string> = new Map([
  ...GREEK.map(name => [name, `\\${name}`] as const),
  ...Array.from(LETTERS, (letter, i) => [letter, `\\${GREEK[i]}`] as const),
]);

/** The spellings of one document. */
export class TexNames {
  /** Spellings in use; from the start, those of the constants. */
  readonly #taken = new Set(['e', '\\pi']);
  #temporaries = 0;

  /** The spelling of `name`, from now on taken; undefined if it is taken by another name. */
  claim(name: string): string | undefined {
    return this.#first([texName(name)]);
  }

  /** Like `claim`, but a name that looks like another is written out, and marked if even that is taken. */
  claimAnyway(name: string): string {
    const plain = verbatim(name);
    return this.#first([texName(name), plain, `${plain}^{\\mathrm{out}}`]) ?? this.temporary();
  }

  /** The next of t_1, t_2, ... that is free. */
  temporary(): string {
    let name: string | undefined;
    while (name === undefined) name = this.#first([`t_{${++this.#temporaries}}`]);
    return name;
  }

  /** Letters for indices: those that are not taken. */
  indices(): string[] {
    return [...'ijklmnpqrsuvabcdgh'].filter(letter => !this.#taken.has(letter));
  }

  #first(candidates: readonly string[]): string | undefined {
    const name = candidates.find(candidate => !this.#taken.has(candidate));
    if (name !== undefined) this.#taken.add(name);
    return name;
  }
}

/**
 * A name as it is typeset: `x1` and `x_1` as x with subscript 1, `w_out` with an upright one, `r_1_2` with two. The
 * tangent of x is the differential dx, the cotangent of f has a bar.
 */
export function texName(name: string): string {
  if (name.startsWith('tangent.')) return differential(texName(name.slice(8)));
  if (name.startsWith('cotangent.')) return `\\bar{${texName(name.slice(10))}}`;
  const [, base, digits, rest] = /^(\p{L}+)([0-9]*)((?:[_.][\p{L}0-9]+)*)$/u.exec(name) ?? [];
  if (base === undefined) return verbatim(name);
  const subscripts = [digits, ...rest.split(/[_.]/)].filter(part => part !== '');
  return subscripts.length === 0 ? word(base) : `${word(base)}_{${subscripts.map(word).join(',')}}`;
}

/** The change of `value` along the tangents. */
export function differential(value: string): string {
  return `\\mathrm{d} ${value.startsWith('\\mathrm') ? '\\, ' : ''}${value}`;
}

/** The name as it is typed, upright. */
function verbatim(name: string): string {
  return `\\mathrm{${escaped(name)}}`;
}

function word(text: string): string {
  return COMMANDS.get(text) ?? (/^(?:[0-9]+|\p{L})$/u.test(text) ? text : `\\mathrm{${text}}`);
}

/** Characters that mean something to TeX, as themselves. */
function escaped(text: string): string {
  return text.replace(/[\\{}$&#^_~%\s\p{Cc}]/gu, character => {
    if (character === '\\') return '\\backslash ';
    if (character === '^') return '\\wedge ';
    if (character === '~') return '\\sim ';
    return /[\s\p{Cc}]/u.test(character) ? '\\ ' : `\\${character}`;
  });
}
