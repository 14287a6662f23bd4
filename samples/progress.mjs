// One line on the terminal that shows how far a script is. It goes to stderr and only to a terminal, so that a result on
// stdout can be piped into a file.

const terminal = process.stderr.isTTY;

/** Replaces the line; an empty text takes it away. */
export function progress(text) {
  if (terminal) process.stderr.write(`\r\x1b[K${text}`);
}
