import { DEFAULT_BACKBONE } from '../../../backbones/index.ts';
import { isImageFolder } from '../../../platform/node/datasets/data-kind.ts';
import { openDataset } from '../../../platform/node/datasets/open-dataset.ts';
import { nodeRuntime } from '../../../platform/node/engine/runtime.ts';
import { startingModel } from '../../../platform/node/runs/starting-model.ts';
import { Reporter } from '../../reporter.ts';
import { type TransferPeer, transferPeer } from '../peers.ts';
import {
  anImageOf,
  featureRates,
  fineTuningStep,
  type HeadScore,
  headScore,
  type TransferResult,
} from './measure.ts';
import { transferText } from './text.ts';

/** The options of `bench --transfer` as they were typed. */
export interface TransferBenchOptions {
  readonly from?: string;
  readonly data?: readonly string[];
  readonly threads?: number;
  readonly peers: boolean;
  readonly json?: boolean;
}

/** `harrier bench --transfer`: features, heads and fine-tuning of a pretrained network. */
export async function runTransferBenchCommand(options: TransferBenchOptions): Promise<void> {
  const { from = DEFAULT_BACKBONE, data = [], threads, peers, json } = options;
  const reporter = new Reporter({ machine: json });
  const onStart = (what: string): void => {
    if (reporter.live) reporter.update(() => `measuring: ${what}`, { now: true });
    else reporter.note(`measuring: ${what}`);
  };
  // What cannot be opened is refused before anything is measured.
  for (const folder of data) if (!(await isImageFolder(folder))) await openDataset(folder);
  const runtime = nodeRuntime({ threads });
  const model = await startingModel(
    from,
    {},
    { onProgress: reporter.work, onNote: (note) => reporter.note(note) },
  );
  onStart('features');
  const features = await featureRates(model, runtime, await anImageOf(data[0]));
  onStart('a step of fine-tuning');
  const step = await fineTuningStep(model, runtime);
  const peer: TransferPeer = peers
    ? await transferPeer(model.name, runtime.threads, onStart)
    : { title: 'PyTorch', missing: 'was left out' };
  const heads: HeadScore[] = [];
  for (const folder of data) heads.push(await headScore(model, runtime, folder, onStart));
  reporter.clear();
  const result: TransferResult = {
    model: model.name,
    size: model.network.inputShape[0],
    runtime: runtime.name,
    threads: runtime.threads,
    features,
    step,
    peer,
    heads,
  };
  if (json) reporter.json(result);
  else reporter.print(transferText(result));
}
