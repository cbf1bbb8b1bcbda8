import { aligned, formatBytes, formatCount, formatQuantity } from '../../../format/format.ts';
import { withStoredWeights } from '../../../models/index.ts';
import { decodeModel, encodeModel } from '../../../onnx/index.ts';
import { nodeRuntime } from '../../../platform/node/engine/runtime.ts';
import { findModel } from '../../../platform/node/runs/find-run.ts';
import { integerModel } from '../../export/integers.ts';
import { refuseStored } from '../../export/stored.ts';
import { classifierBytes } from '../../foreign.ts';
import { Reporter } from '../../reporter.ts';
import { type Form, type FormResult, measureForms } from './measure.ts';

/** The options of `bench --export` as they were typed. */
export interface ExportBenchOptions {
  readonly export?: string;
  readonly data?: readonly string[];
  readonly threads?: number;
  readonly json?: boolean;
}

/** `harrier bench --export`: what each form of a model costs. */
export async function runExportBenchCommand(options: ExportBenchOptions): Promise<void> {
  const { threads, json } = options;
  const reporter = new Reporter({ machine: json });
  const source = await findModel(options.export);
  const before = await classifierBytes(source.modelFile, {}, reporter);
  const model = decodeModel(before, source.modelFile);
  refuseStored(model, source.modelFile);
  const { bytes } = await integerModel(
    source,
    { format: 'onnx-int8-compute', threads, data: options.data?.[0] },
    reporter,
  );
  const forms: Form[] = [
    { format: 'onnx', bytes: before },
    { format: 'onnx-fp16', bytes: encodeModel(withStoredWeights(model, 'float16')) },
    { format: 'onnx-int8', bytes: encodeModel(withStoredWeights(model, 'int8')) },
    { format: 'onnx-int8-compute', bytes },
  ];
  reporter.status('measuring …');
  const runtime = nodeRuntime({ threads });
  const results = await measureForms(forms, runtime);
  reporter.clear();
  if (json)
    reporter.json({ model: source.modelFile, runtime: runtime.name, threads: runtime.threads, results });
  else {
    reporter.print(`${source.modelFile}: ${runtime.name}, ${formatQuantity(runtime.threads, 'thread')}`);
    reporter.print(formsText(results));
  }
}

/** The figures as a table. */
export function formsText(results: readonly FormResult[]): string {
  const [{ imagesPerSecond: first }] = results;
  const rows = results.map(({ format, bytes, coldStart, oneImage, imagesPerSecond }) => [
    format,
    formatBytes(bytes),
    `${coldStart.toFixed(0)} ms`,
    `${oneImage.toFixed(2)} ms`,
    imagesPerSecond < 100 ? imagesPerSecond.toFixed(1) : formatCount(Math.round(imagesPerSecond)),
    `${(imagesPerSecond / first).toFixed(2)}×`,
  ]);
  return aligned([['format', 'size', 'cold start', 'one image', 'images/s', ''], ...rows]).join('\n');
}
