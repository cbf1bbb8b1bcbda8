import { aligned, formatBytes, formatCount, formatQuantity } from '../../../format/format.ts';
import type { FormResult } from './measure.ts';
import type { PageBenchResult } from './page.ts';

/** The figures of forms as a table; the last column compares with the first form. */
export function formsText(results: readonly FormResult[]): string {
  const rows = results.map(({ format, bytes, coldStart, oneImage, imagesPerSecond }) => [
    format,
    formatBytes(bytes),
    `${coldStart.toFixed(0)} ms`,
    `${oneImage.toFixed(2)} ms`,
    imagesPerSecond < 100 ? imagesPerSecond.toFixed(1) : formatCount(Math.round(imagesPerSecond)),
    `${(imagesPerSecond / results[0].imagesPerSecond).toFixed(2)}×`,
  ]);
  return aligned([['format', 'size', 'cold start', 'one image', 'images/s', ''], ...rows]).join('\n');
}

/** The figures of pages: a table for each engine, then the reasons for those that are missing. */
export function pageText({ browser, gpu, engines, missing }: PageBenchResult): string {
  const tables = engines.flatMap(({ runtime, threads, engineBytes, results, missing }) => [
    `${browser}: ${runtime}, ${runtime.includes('webgpu') ? gpu : formatQuantity(threads, 'thread')}; its WebAssembly: ${formatBytes(engineBytes)}`,
    ...(results.length > 0 ? [formsText(results)] : []),
    ...Object.entries(missing).map(([format, why]) => `${format}: ${why}`),
    '',
  ]);
  return [
    ...tables,
    'Cold start in a page: from nothing cached to the first answer, with ONNX Runtime and the model from this machine.',
    ...Object.entries(missing).map(([engine, why]) => `${engine}: ${why}`),
  ].join('\n');
}
