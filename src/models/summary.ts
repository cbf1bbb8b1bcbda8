import type { Network } from './network.ts';

const grouped = (value: number): string => value.toLocaleString('en-US');

/** Layers with their output shapes and parameters, and the totals, as Keras prints them. */
export function summarize(network: Network): string {
  const header = ['Layer (type)', 'Output Shape', 'Param #'];
  const rows = network.rows.map(({ name, type, outputShape, parameters }) => [
    `${name} (${type})`,
    `(None, ${outputShape.join(', ')})`,
    grouped(parameters),
  ]);
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]): string =>
    `│ ${cells.map((cell, i) => (i === 2 ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(' │ ')} │`;
  const rule = (left: string, middle: string, right: string): string =>
    left + widths.map((width) => '─'.repeat(width + 2)).join(middle) + right;

  const count = (trainable: boolean): number =>
    network.parameters
      .filter((spec) => spec.trainable === trainable)
      .reduce((total, { shape }) => total + shape.reduce((product, size) => product * size, 1), 0);
  const [trainable, frozen] = [count(true), count(false)];
  const multiplyAdds = network.rows.reduce((total, row) => total + row.multiplyAdds, 0);
  return [
    `Model: "${network.name}"`,
    rule('┌', '┬', '┐'),
    line(header),
    rule('├', '┼', '┤'),
    ...rows.map(line),
    rule('└', '┴', '┘'),
    ` Total params: ${grouped(trainable + frozen)} (${bytes((trainable + frozen) * 4)})`,
    ` Trainable params: ${grouped(trainable)} (${bytes(trainable * 4)})`,
    ` Non-trainable params: ${grouped(frozen)} (${bytes(frozen * 4)})`,
    ` Multiply-adds per image: ${grouped(multiplyAdds)}`,
  ].join('\n');
}

/** Keras's way to write a size: 16.02 MB, with 1 KB = 1024 B. */
function bytes(size: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  let value = size;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)} ${units[unit]}`;
}
