// Shapes as they are written: `scalar`, `n`, `n x 20`, and on the command line also `nx20`.

/** A length as it is written: a number or the name of a size. */
export type DeclaredShape = readonly (number | string)[];

/** An identifier of mathjs: letters of several alphabets, `_` and `$`, then digits too. */
export const LETTER = '[A-Za-z_$\\u00C0-\\u02AF\\u0370-\\u03FF\\u2100-\\u214F]|\\uD835[\\uDC00-\\uDFFF]';
const SIZE = new RegExp(`^(?:[0-9]{1,15}|(?:${LETTER})(?:${LETTER}|[0-9])*)$`);

/** The shape that `text` declares; undefined if it is none. `784x128` needs no spaces, which a name does. */
export function shapeIn(text: string): DeclaredShape | undefined {
  const trimmed = text.trim();
  if (trimmed === 'scalar') return [];
  const sizes = trimmed.split(/\s+x\s+/).flatMap(size => (SIZE.test(size) ? size : size.split('x')));
  return sizes.every(size => SIZE.test(size)) ? sizes.map(lengthOf) : undefined;
}

/**
 * The shape in the value of an option, where `nx20` is two sizes: a name is taken apart if its parts are numbers, single
 * letters, or sizes that are known.
 */
export function shapeInOption(text: string, isKnown: (name: string) => boolean): DeclaredShape | undefined {
  const shape = shapeIn(text);
  const [name] = shape ?? [];
  if (shape?.length !== 1 || typeof name !== 'string' || isKnown(name)) return shape;
  const parts = name.split('x');
  const isShape = parts.every(part => /^(?:[0-9]+|[A-Za-z])$/.test(part) || isKnown(part));
  return isShape ? parts.map(lengthOf) : shape;
}

/** True for a name that looks like two sizes: `nx20`. */
export function looksLikeTwo(size: number | string): boolean {
  return typeof size === 'string' && /^[A-Za-z]\w*x[0-9]+$/.test(size);
}

function lengthOf(size: string): number | string {
  return /^[0-9]/.test(size) ? Number(size) : size;
}
