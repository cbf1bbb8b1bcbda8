import { formatInterval, formatPercent, formatQuantity } from '../../../format/format.ts';
import type { TransferResult } from './measure.ts';

/** The figures as text for people. */
export function transferText(result: TransferResult): string {
  const { model, size, threads, runtime, features, step, peer, heads } = result;
  const ratio = (own: number, other: number) => (own / other).toFixed(2);
  const lines = [
    `${model}: ${runtime}, ${formatQuantity(threads, 'thread')}, images of ${size} × ${size}`,
    '',
    `features     ${features.harrier.toFixed(1)} images/s; ONNX Runtime alone on the same graph ${features.onnxruntime.toFixed(1)}: ${ratio(features.harrier, features.onnxruntime)} of its rate`,
    ...(features.decoding ? [`decoding     ${features.decoding.toFixed(0)} images/s, one at a time`] : []),
    `fine-tuning  ${step.median.toFixed(0)} ms a step of 16 images, all layers` +
      (peer.stepMs
        ? `; ${peer.title} ${peer.stepMs.toFixed(0)} ms: ${ratio(peer.stepMs, step.median)} times as fast as it`
        : `; PyTorch ${peer.missing}`),
  ];
  for (const { data, training, test, accuracy, interval95, seconds, few } of heads) {
    lines.push(
      '',
      `${data}: ${training} training images, ${test} to test with`,
      `  all          ${formatPercent(accuracy)} (95% interval ${formatInterval(interval95)}), ${seconds.toFixed(1)} s for features and head`,
      ...few.map(
        ({ perClass, accuracy: { mean, standardDeviation } }) =>
          `  ${`${perClass} a class`.padEnd(11)}  ${formatPercent(mean, 1)} ± ${(100 * (standardDeviation ?? 0)).toFixed(1)}`,
      ),
    );
  }
  return lines.join('\n');
}
