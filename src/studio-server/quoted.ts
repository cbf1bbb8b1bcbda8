/** A path as a shell takes it, for commands that the page shows. */
export function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `"${path.replace(/(["\\$`])/g, '\\$1')}"`;
}
