import { type ImageInput, imageInput } from '../data/dataset.ts';
import { preprocessingOf } from '../data/preprocessing.ts';
import type { Evaluation, FineTunedInfo, RunInfo } from '../evaluation/index.ts';
import { classNamesOf, Network, originIn } from '../models/index.ts';
import type { Model } from '../onnx/index.ts';
import { optimizerFrom } from '../optimizers/index.ts';
import { factsOf } from '../runs/describe-run.ts';
import { pathsOfRun, withoutPaths } from '../runs/private-paths.ts';
import type { RunRecord } from '../runs/run-record.ts';

/** A finished model on its way to other people: its file, and what is known of it. */
export interface PublishedModel {
  readonly model: Model;
  readonly classNames: readonly string[];
  readonly imageShape: ImageInput;
  /** How it came to be and how good it is, where its run is at hand. */
  readonly known?: { readonly facts: RunInfo; readonly evaluation: Evaluation };
  /** How good it is, where there is no run to tell: a sentence. */
  readonly estimate?: string;
  /** The model that it was fine-tuned from, where its run or its file names one. */
  readonly origin?: Omit<FineTunedInfo, 'trainable'>;
  /** Takes paths of this machine out of a text. */
  readonly shared: (text: string) => string;
}

/** A finished run as it is kept. */
export interface RunDescription {
  readonly record: RunRecord;
  readonly evaluation: Evaluation;
}

/**
 * @param run absent for a model file by itself
 * @param where what to call the model in errors
 * @param estimate how good a model without a run is: a sentence
 */
export function publishedModel(
  model: Model,
  run: RunDescription | undefined,
  where: string,
  estimate?: string,
): PublishedModel {
  const [, height, width, channels] = model.graph.inputs[0].shape.map(Number);
  const classes = Number(model.graph.outputs[0].shape[1]);
  const own = {
    model,
    classNames: classNamesOf(model, classes, where),
    imageShape: imageInput({ height, width, channels }, preprocessingOf(model.metadata, where)),
  };
  if (!run) {
    const origin = originIn(model.metadata);
    return {
      ...own,
      ...(origin && { origin }),
      ...(estimate !== undefined && { estimate }),
      shared: (text) => text,
    };
  }
  const { record, evaluation } = run;
  const { from } = record.options;
  const facts = factsOf(record, Network.from(record.network), optimizerFrom(record.options.optimizer));
  return {
    ...own,
    known: { facts, evaluation },
    ...(from && { origin: from.origin ?? from }),
    shared: withoutPaths(pathsOfRun(record)),
  };
}

/** What is said of a model without a run: how good it is, as far as that is known. */
export function accuracyWords({ estimate }: PublishedModel): string {
  return estimate ?? 'Its accuracy is not known: the model was exported without its run.';
}
