import { isAbsolute, relative } from 'node:path';

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A fraction between 0 and 1 as a bar on a track of `width` columns. */
export function bar(fraction: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return '━'.repeat(full) + '╌'.repeat(width - full);
}

/** A fraction between 0 and 1 as a block as long as it is large, to an eighth of a column; 1 is `width` columns. */
export function block(fraction: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}

/** A path as one would type it from here: relative where that is shorter. */
export function shortPath(path: string, from: string = process.cwd()): string {
  const short = relative(from, path) || '.';
  return isAbsolute(short) || short.length >= path.length ? path : short;
}
