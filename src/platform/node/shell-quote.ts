/** An argument as the shell here takes it, for commands that are shown. */
export function shellQuote(text: string): string {
  if (process.platform !== 'win32') return posixQuote(text);
  if (/^[\w@%+=:,./\\-]+$/.test(text)) return text;
  // A backslash before a quote is one of the text, or turns the quote.
  return `"${text.replaceAll('"', '\\"').replace(/\\+$/, '$&$&')}"`;
}

/** An argument as the shells of Unix take it. */
export function posixQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
