import { columnsOf } from './columns.ts';

/** 1234567 → "1,234,567". Independent of the machine's language, so that output is the same everywhere. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 0.6939 → "69.39%". */
export function formatPercent(fraction: number, digits = 2): string {
  return `${(fraction * 100).toFixed(digits)}%`;
}

/** A probability as whole percent; but 0.9997 is not "100%". */
export function formatCertainty(probability: number): string {
  if (probability < 0.995) return formatPercent(probability, 0);
  return probability < 0.9995 ? formatPercent(probability, 1) : '>99.9%';
}

/** [0.68479, 0.70286] → "68.48–70.29%". */
export function formatInterval([lower, upper]: readonly [number, number]): string {
  return `${(lower * 100).toFixed(2)}–${formatPercent(upper)}`;
}

/** 47.3 → "47 s", 1112 → "18 min 32 s", 7500 → "2 h 05 min". */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes === 0) return `${whole} s`;
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** 170498071 → "170.5 MB". */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** 83 → "1:23", 4530 → "1:15:30". */
export function formatClock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A count with its noun: (1, "image") → "1 image", (2000, "image") → "2,000 images". */
export function formatQuantity(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}

/** Learning rates and losses: at most `digits` significant digits, without trailing zeros. */
export function formatNumber(value: number, digits = 4): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(digits))) : String(value);
}

/**
 * Names come from folders and files, and those may hold codes that would move a terminal's cursor, turn the direction
 * of writing, or be no characters at all.
 */
export function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu, '�');
}

/** Rows of a table as lines, two spaces between the columns: those in `left` to the left, the others to the right. */
export function aligned(rows: readonly (readonly string[])[], left: readonly number[] = [0]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => columnsOf(row[column]))));
  const pad = (text: string, column: number) => ' '.repeat(widths[column] - columnsOf(text));
  return rows.map((row) =>
    row
      .map((cell, column) => (left.includes(column) ? cell + pad(cell, column) : pad(cell, column) + cell))
      .join('  '),
  );
}
