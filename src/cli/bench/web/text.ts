import { titleOf, type WebBenchResult, type WebFigures } from './measure.ts';
import { MEASUREMENTS, nameOf } from './measurements.ts';

/** The figures as a table for people. */
export function webBenchText({ browser, cores, gpu, engines, peersMissing }: WebBenchResult): string {
  const names = MEASUREMENTS.map(nameOf);
  const table = [
    ['milliseconds', ...MEASUREMENTS.map(({ kind, of, images }) => `${of}, ${kind}, ${images}`)],
    ...engines.map((engine) => [titleOf(engine), ...names.map((name) => show(engine.ms[name]))]),
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const reasons = engines.flatMap((engine) =>
    Object.entries(engine.missing).map(([name, why]) => `${titleOf(engine)}, ${name}: ${why}`),
  );
  return [
    `${browser}, ${cores} cores, graphics by ${gpu}`,
    '',
    ...table.map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('   '),
    ),
    '',
    'Medians of a whole training step (forward, backward, update) or of pixels to probabilities, by the number of images.',
    'The shipped model is the network of wide, six views of each image, with weights of 8 bits.',
    ...ratio(engines),
    ...reasons,
    ...Object.entries(peersMissing).map(([name, why]) => `${name}: ${why}`),
  ].join('\n');
}

/** How many times faster a step is than the fastest that TensorFlow.js has without a graphics device. */
function ratio(engines: readonly WebFigures[]): string[] {
  const fastest = (library: string): number => {
    const times = engines
      .filter(
        (engine) => engine.library === library && (engine.backend === 'cpu' || engine.backend === 'wasm'),
      )
      .map(({ ms }) => ms['training keras-cnn 32'] ?? Number.POSITIVE_INFINITY);
    return Math.min(...times);
  };
  const [own, peer] = [fastest('harrier'), fastest('tensorflowjs')];
  if (!Number.isFinite(own) || !Number.isFinite(peer)) return [];
  return [
    `On the processor, Harrier's step of keras-cnn is ${(peer / own).toFixed(1)} times as fast as TensorFlow.js's.`,
  ];
}

function show(ms: number | undefined): string {
  if (ms === undefined) return '–';
  return ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : ms.toFixed(0);
}
