import { formatQuantity } from '../../format/format.ts';
import type { BenchResult } from './measure.ts';
import type { PeerFigures } from './peers.ts';
import { PEERS } from './peers.ts';

/** The figures as tables for people: Harrier, the machine's own limit, and the peers side by side. */
export function benchText(result: BenchResult): string {
  const peers = PEERS.filter(({ name }) => result.peers[name]);
  const row = (title: string, own: string, of: (figures: PeerFigures) => number | undefined, unit: Unit) => [
    title,
    own,
    ...peers.map(({ name }) => show(of(result.peers[name]), unit)),
  ];
  const step = (ms: number, floor: number) =>
    `${ms.toFixed(1)} ms = ${(ms / floor).toFixed(2)} × floor ${floor.toFixed(1)}`;
  const table = [
    [
      '',
      'Harrier',
      ...peers.map(({ name, title }) => `${title} ${result.peers[name].version.split(/[ +]/)[0]}`),
    ],
    row('training step, SGD', step(result.seedStepMs, result.seedStepFloorMs), (f) => f.seedStepMs, 'ms'),
    row(
      'training step, Adam',
      step(result.seedStepAdamMs, result.seedStepAdamFloorMs),
      (f) => f.seedStepAdamMs,
      'ms',
    ),
    ...Object.entries(result.convGflops).map(([shape, rate]) =>
      row(
        `convolution ${shape}`,
        `${rate.toFixed(0)} GFLOP/s = ${((100 * rate) / result.matrixGflops).toFixed(0)}% of the matrix rate`,
        (f) => f.convGflops?.[shape],
        'GFLOP/s',
      ),
    ),
    row(
      'inference, batch 1',
      show(result.imagesPerSecond.batch1, 'images/s'),
      (f) => f.imagesPerSecond?.batch1,
      'images/s',
    ),
    row(
      'inference, batch 64',
      show(result.imagesPerSecond.batch64, 'images/s'),
      (f) => f.imagesPerSecond?.batch64,
      'images/s',
    ),
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
  return [
    `${result.runtime}, ${formatQuantity(result.threads, 'thread')}`,
    `matrix product ${result.matrixGflops.toFixed(0)} GFLOP/s, memory ${result.memoryGBs.toFixed(1)} GB/s`,
    '',
    ...table.map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('   ')
        .trimEnd(),
    ),
    '',
    'Training step and inference: keras-cnn, 4,200,842 parameters, batch 32. Floor: its arithmetic at the matrix rate',
    'plus its weight traffic at the memory rate, not overlapped. Convolutions: forward and both gradients, 32 images.',
    ...Object.entries(result.peersMissing).map(([name, why]) => `${name}: ${why}`),
  ].join('\n');
}

type Unit = 'ms' | 'GFLOP/s' | 'images/s';

function show(value: number | undefined, unit: Unit): string {
  if (value === undefined) return '–';
  return `${unit === 'ms' ? value.toFixed(1) : Math.round(value).toLocaleString('en-US')} ${unit}`;
}
