/** A path as a shell takes it, for commands that the page shows. */
export function quoted(path: string): string {
  if (/^[\w./-]+$/.test(path)) return path;
  // A backslash of Windows parts folders.
  return `"${process.platform === 'win32' ? path : path.replace(/(["\\$`])/g, '\\$1')}"`;
}
