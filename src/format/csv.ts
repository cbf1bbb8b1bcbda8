/**
 * A cell of a table as RFC 4180 has it: quoted where it must be. Spreadsheets take a cell that begins with `=`, `+`,
 * `-` or `@` for a formula, and run it: such a text gets an apostrophe before it, which they hide. Numbers stay.
 */
export function csvCell(text: string): string {
  const safe = isFormula(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** With the forms of full width that some spreadsheets read likewise. */
function isFormula(text: string): boolean {
  return /^[=+\-@\t\r\n＝＋－＠]/.test(text) && !/^[+-]?\d+(\.\d+)?$/.test(text);
}

/** The cells of a line, quoted ones as RFC 4180 has them. */
export function csvCells(line: string, separator = ','): string[] {
  const cells: string[] = [];
  let [cell, isQuoted] = ['', false];
  for (let i = 0; i < line.length; i++) {
    if (isQuoted && line[i] === '"' && line[i + 1] === '"') cell += line[i++];
    else if (line[i] === '"') isQuoted = !isQuoted;
    else if (line[i] === separator && !isQuoted) {
      cells.push(cell);
      cell = '';
    } else cell += line[i];
  }
  return [...cells, cell];
}
