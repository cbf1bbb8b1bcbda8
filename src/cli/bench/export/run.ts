import { HarrierError } from '../../../errors.ts';
import { formatQuantity } from '../../../format/format.ts';
import { INTEGER_STORAGE, withStoredWeights } from '../../../models/index.ts';
import { decodeModel, encodeModel } from '../../../onnx/index.ts';
import { nodeRuntime } from '../../../platform/node/engine/runtime.ts';
import { findModel } from '../../../platform/node/runs/find-run.ts';
import { STORAGE } from '../../export/formats.ts';
import { integerModel } from '../../export/integers.ts';
import { refuseStored } from '../../export/stored.ts';
import { classifierBytes } from '../../foreign.ts';
import { Reporter } from '../../reporter.ts';
import { type Form, measureForms } from './measure.ts';
import { measureFormsInPage } from './page.ts';
import { formsText, pageText } from './text.ts';

/** The options of `bench --export` as they were typed. */
export interface ExportBenchOptions {
  readonly export?: string;
  readonly data?: readonly string[];
  readonly threads?: number;
  readonly json?: boolean;
}

/** `harrier bench --export`: what each form of a model costs, in Node and in a page. */
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
  const formOf = (storage: (typeof STORAGE)[keyof typeof STORAGE]) => {
    if (storage === undefined) return before;
    return storage === INTEGER_STORAGE ? bytes : encodeModel(withStoredWeights(model, storage));
  };
  const forms = Object.entries(STORAGE).map(
    ([format, storage]): Form => ({ format, bytes: formOf(storage) }),
  );
  const onStart = (what: string) => reporter.status(`measuring: ${what}`);
  onStart('Node');
  const runtime = nodeRuntime({ threads });
  const results = await measureForms(forms, runtime);
  reporter.clear();
  if (!json) {
    reporter.print(`${source.modelFile}: ${runtime.name}, ${formatQuantity(runtime.threads, 'thread')}`);
    reporter.print(formsText(results));
  }
  const page = await measureFormsInPage(forms, { threads, onStart }).catch(reasonWithoutBrowser);
  reporter.clear();
  if (json) {
    const { name, threads } = runtime;
    const inPage = typeof page === 'string' ? { pageMissing: page } : { page };
    reporter.json({ model: source.modelFile, runtime: name, threads, results, ...inPage });
  } else if (typeof page === 'string') reporter.note(`Not measured in a browser: ${page}`);
  else reporter.print(`\n${pageText(page)}`);
}

/** Why there are no figures of a page, where the machine lacks something; any other error is thrown on. */
function reasonWithoutBrowser(error: unknown): string {
  if (error instanceof HarrierError && error.code === 'not-found') return error.message;
  throw error;
}
