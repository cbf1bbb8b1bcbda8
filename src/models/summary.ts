import { IMAGE } from './calls.ts';
import type { Network } from './network.ts';

export const grouped = (value: number): string => value.toLocaleString('en-US');

/** Layers with their output shapes and parameters, and the totals, as Keras prints them. */
export function summarize(network: Network): string {
  const count = (trainable: boolean): number =>
    network.parameters
      .filter((spec) => spec.trainable === trainable)
      .reduce((total, { shape }) => total + shape.reduce((product, size) => product * size, 1), 0);
  const [trainable, frozen] = [count(true), count(false)];
  const multiplyAdds = network.rows.reduce((total, row) => total + row.multiplyAdds, 0);
  return [
    `Model: "${network.name}"`,
    ...(network.rows[0].connectedTo ? graphTable(network) : stackTable(network)),
    ` Total params: ${grouped(trainable + frozen)} (${bytes((trainable + frozen) * 4)})`,
    ` Trainable params: ${grouped(trainable)} (${bytes(trainable * 4)})`,
    ` Non-trainable params: ${grouped(frozen)} (${bytes(frozen * 4)})`,
    ` Multiply-adds per image: ${grouped(multiplyAdds)}`,
  ].join('\n');
}

const shapeOf = (shape: readonly number[]): string => `(None, ${shape.join(', ')})`;

function stackTable(network: Network): string[] {
  return table(
    [{ title: 'Layer (type)' }, { title: 'Output Shape' }, { title: 'Param #', right: true }],
    network.rows.map(({ name, type, outputShape, parameters }) => [
      `${name} (${type})`,
      shapeOf(outputShape),
      grouped(parameters),
    ]),
  );
}

/** With what every layer takes, one input a line: `add[0][0]` is output 0 of the first call of `add`. */
function graphTable(network: Network): string[] {
  const keras = (input: string): string => {
    const [name, call = '1'] = input.split('/');
    return `${name}[${Number(call) - 1}][0]`;
  };
  const image = [`${IMAGE} (Input)`, shapeOf(network.inputShape), '0', '0', '-'];
  const rows = network.rows.flatMap(({ name, type, outputShape, parameters, multiplyAdds, connectedTo }) => {
    const [first, ...others] = connectedTo!.map(keras);
    return [
      [`${name} (${type})`, shapeOf(outputShape), grouped(parameters), grouped(multiplyAdds), first],
      ...others.map((input) => ['', '', '', '', input]),
    ];
  });
  return table(
    [
      { title: 'Layer (type)' },
      { title: 'Output Shape' },
      { title: 'Param #', right: true },
      { title: 'Multiply-adds', right: true },
      { title: 'Connected to' },
    ],
    [image, ...rows],
  );
}

export function table(
  columns: readonly { title: string; right?: boolean }[],
  rows: readonly string[][],
): string[] {
  const header = columns.map(({ title }) => title);
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]): string =>
    `│ ${cells.map((cell, i) => (columns[i].right ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(' │ ')} │`;
  const rule = (left: string, middle: string, right: string): string =>
    left + widths.map((width) => '─'.repeat(width + 2)).join(middle) + right;
  return [rule('┌', '┬', '┐'), line(header), rule('├', '┼', '┤'), ...rows.map(line), rule('└', '┴', '┘')];
}

/** Keras's way to write a size: 16.02 MB, with 1 KB = 1024 B. */
export function bytes(size: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  let value = size;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)} ${units[unit]}`;
}
