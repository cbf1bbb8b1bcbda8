/** What `npm install` fetches beside an exported package for Node. */
export const PACKAGE_NEEDS = 'onnxruntime-node sharp';
/** The package that runs folders for transformers.js. */
export const TRANSFORMERS = '@huggingface/transformers';

/** A module for Node that classifies `photo.jpg` by a package. */
export function packageProgram(name: string): string {
  return `import { classify } from '${name}';

console.log(await classify('photo.jpg', { top: 3 })); // a path, an address, or bytes
`;
}

/**
 * A program for transformers.js that classifies `photo.jpg`.
 *
 * @param name `OWNER/NAME` of a repository of the hub, or the name of a folder below the current one
 */
export function transformersProgram(name: string, isMultiLabel: boolean): string {
  const isOnHub = name.includes('/');
  const [imported, place] = isOnHub
    ? [isMultiLabel ? PARTS : 'pipeline', '']
    : [
        isMultiLabel ? `env, ${PARTS}` : 'env, pipeline',
        "\nenv.allowRemoteModels = false;\nenv.localModelPath = '.'; // the folder that this folder is in",
      ];
  return `import { ${imported} } from '${TRANSFORMERS}';
${place}
${isMultiLabel ? labelsProgram(name) : pipelineProgram(name)}
`;
}

/** What transformers.js runs a model with, without its pipeline. */
const PARTS = 'AutoModelForImageClassification, AutoProcessor, RawImage';

function pipelineProgram(name: string): string {
  return `const classify = await pipeline('image-classification', '${name}', { dtype: 'fp32' });
console.log(await classify('photo.jpg'));`;
}

/** transformers.js 4.3 takes the softmax of an image's scores, whatever the kind of problem. */
function labelsProgram(name: string): string {
  return `const model = await AutoModelForImageClassification.from_pretrained('${name}', { dtype: 'fp32' });
const processor = await AutoProcessor.from_pretrained('${name}');
const { logits } = await model(await processor(await RawImage.read('photo.jpg')));
const { id2label, harrier } = model.config;
logits.sigmoid().tolist()[0].forEach((probability, i) => {
  if (probability >= harrier.thresholds[i]) console.log(id2label[i], probability);
});`;
}
