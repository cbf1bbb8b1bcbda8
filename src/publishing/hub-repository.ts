import { type Evaluation, markdown, type RunInfo, renderModelCard } from '../evaluation/index.ts';
import { ENSEMBLE_KEY, THRESHOLDS_KEY } from '../models/index.ts';
import { sealed } from './edits.ts';
import { licenceOfOrigin, licencesText } from './licences.ts';
import { transformersProgram } from './programs.ts';
import { accuracyWords, type PublishedModel } from './published-model.ts';
import { transformersFolder } from './transformers-folder.ts';
import { type Yaml, yamlText } from './yaml.ts';

/** What a repository of the hub is called and made with. */
export interface HubRepositoryOptions {
  /** `OWNER/NAME`, or the name of a folder. */
  readonly name: string;
  /** Harrier's version. */
  readonly harrier: string;
  /** What to call the model in errors. */
  readonly where: string;
}

/** Names that the Hugging Face hub has for data sets that Harrier knows. */
const HUB_DATASETS: Readonly<Record<string, string>> = { cifar10: 'uoft-cs/cifar10' };

/**
 * A model as a repository of the Hugging Face hub, which is a folder for transformers.js too: weights, configuration,
 * card and licences.
 *
 * @returns contents by path; `config.json` comes last
 * @throws HarrierError as `transformersFolder` does
 */
export function hubRepository(
  published: PublishedModel,
  { name, harrier, where }: HubRepositoryOptions,
): Map<string, string | Uint8Array> {
  return new Map<string, string | Uint8Array>([
    [
      'README.md',
      sealed(published.shared(`---\n${yamlText(cardData(published, name))}---\n\n${card(published, name)}`)),
    ],
    ['LICENSE.md', sealed(published.shared(licencesText(published)))],
    ...transformersFolder(published, harrier, where),
  ]);
}

/** The hub's facts about a model: https://huggingface.co/docs/hub/model-cards. */
function cardData(published: PublishedModel, name: string): Readonly<Record<string, Yaml>> {
  const { known } = published;
  const licence = licenceOfOrigin(published)?.toLowerCase();
  const base = baseModelOf(published);
  const dataset = known && HUB_DATASETS[dataNameOf(known.facts)];
  return {
    // The terms of the images are the owner's to know.
    ...(licence
      ? { license: licence }
      : { license: 'other', license_name: 'see-license-file', license_link: 'LICENSE.md' }),
    library_name: 'transformers.js',
    pipeline_tag: 'image-classification',
    tags: ['onnx', 'harrier', 'image-classification'],
    ...(base && { base_model: base }),
    ...(dataset && { datasets: [dataset] }),
    ...(known && {
      metrics: known.evaluation.multiLabel ? ['f1'] : ['accuracy', 'f1'],
      'model-index': [modelIndex(name, known.facts, known.evaluation)],
    }),
  };
}

function modelIndex(name: string, facts: RunInfo, { accuracy, macro, multiLabel }: Evaluation): Yaml {
  const data = dataNameOf(facts);
  return {
    name: name.split('/').at(-1)!,
    results: [
      {
        task: { type: 'image-classification' },
        dataset: { name: data, type: HUB_DATASETS[data] ?? data, split: 'test' },
        metrics: [
          // Of any number of labels, the accuracy would be read as that of one class for each image.
          ...(multiLabel
            ? [
                ...(multiLabel.meanAveragePrecision === undefined
                  ? []
                  : [
                      { type: 'mean_average_precision', value: multiLabel.meanAveragePrecision, name: 'mAP' },
                    ]),
                { type: 'f1', value: multiLabel.micro.f1, name: 'Micro F1' },
              ]
            : [{ type: 'accuracy', value: accuracy }]),
          { type: 'f1', value: macro.f1, name: 'Macro F1' },
        ],
      },
    ],
  };
}

/** `./photos/test`: `photos`. */
function dataNameOf({ testData }: RunInfo): string {
  const parts = (testData?.name ?? '').split(/[\\/]/).filter((part) => part !== '' && part !== '.');
  return (parts.length > 1 ? parts.at(-2) : parts[0]) ?? 'images';
}

/** The repository of the hub that the model was fine-tuned from. */
function baseModelOf({ origin }: PublishedModel): string | undefined {
  return /^hf:([^:@]+)/.exec(origin?.source?.address ?? '')?.[1];
}

function card(published: PublishedModel, name: string): string {
  const { known, classNames, imageShape, model } = published;
  const isMultiLabel = THRESHOLDS_KEY in model.metadata;
  // A model that averages others is not made of one network.
  const isOneNetwork = !(ENSEMBLE_KEY in model.metadata);
  const use = usage(name, isMultiLabel, isOneNetwork);
  if (known) {
    // Its file has no such output.
    const { rejection: _, ...evaluation } = known.evaluation;
    const modelPath = 'onnx/model.onnx';
    return renderModelCard({ title: name, facts: known.facts, evaluation, imageShape, use, modelPath });
  }
  return `# ${name}\n\nAn image classifier of ${classNames.length} classes: ${classNames.map(markdown).join(', ')}.\n\n${accuracyWords(published)}\n\n${use}\n`;
}

function usage(name: string, isMultiLabel: boolean, isOneNetwork: boolean): string {
  const withHarrier =
    name.includes('/') && isOneNetwork
      ? ` With Harrier, \`npx harrier train --data FOLDER --from hf:${name}\` fine-tunes it.`
      : '';
  return `## Use

With [transformers.js](https://huggingface.co/docs/transformers.js), in Node or in a page:

\`\`\`js
${transformersProgram(name, isMultiLabel)}\`\`\`

\`onnx/model.onnx\` takes \`pixel_values\`, float32 (N, 3, height, width) from 0 to 1, and gives \`logits\`; mean and deviation are inside.${isMultiLabel ? ' Their logistic function is the probability of each label: `pipeline` takes the softmax instead, which is for one class of many.' : ''}${withHarrier}`;
}
