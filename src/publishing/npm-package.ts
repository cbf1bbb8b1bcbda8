import { type Evaluation, markdown, PREDICTION_SETS_KEY, renderModelCard } from '../evaluation/index.ts';
import { formatPercent } from '../format/format.ts';
import { REJECTION_KEY, THRESHOLDS_KEY } from '../models/index.ts';
import { sealed } from './edits.ts';
import { licencesText } from './licences.ts';
import { PACKAGE_NEEDS, packageProgram } from './programs.ts';
import { accuracyWords, type PublishedModel } from './published-model.ts';

/** `harrier/run` as packages carry it. */
export interface RunCode {
  /** Of Harrier. */
  readonly version: string;
  /** The text of Harrier's licence. */
  readonly license: string;
  /** Declarations that import nothing. */
  readonly types: string;
  /** Scripts for Node and for pages, by the names of their files. */
  readonly files: Readonly<Record<string, string>>;
}

/** What an exported package is called and made with. */
export interface NpmPackageOptions {
  /** A name that npm takes: `@acme/parts`. */
  readonly name: string;
  readonly version: string;
  readonly code: RunCode;
}

/** The versions of its peers that packages are tested with, and newer ones of the same kind. */
const PEERS = { 'onnxruntime-node': '^1.30.0', 'onnxruntime-web': '^1.30.0', sharp: '>=0.34.0' };

/** The folder of `harrier/run` in a package, and the model's file. */
const RUN_FOLDER = 'run';
const MODEL_FILE = 'model.onnx';

/**
 * An npm package that classifies images with one model: a few lines that load `model.onnx` by the copy of `harrier/run`
 * beside them.
 *
 * @param model the bytes of `model.onnx`
 * @returns contents by path; `package.json` comes last
 */
export function npmPackageFiles(
  published: PublishedModel,
  model: Uint8Array,
  options: NpmPackageOptions,
): Map<string, string | Uint8Array> {
  const { code } = options;
  const types = declarations(published.classNames, code.types);
  return new Map<string, string | Uint8Array>([
    ...Object.entries(code.files).map(([name, text]) => [`${RUN_FOLDER}/${name}`, text] as const),
    [MODEL_FILE, model],
    ['index.d.ts', types],
    ['index.d.cts', types],
    ['browser.js', moduleGlue(published.classNames, 'browser.js')],
    ['node.js', moduleGlue(published.classNames, 'node.js')],
    ['node.cjs', commonJsGlue(published.classNames)],
    ['LICENSE.md', sealed(published.shared(licencesText(published, code.license)))],
    ['README.md', sealed(published.shared(readme(published, options)))],
    ['package.json', `${JSON.stringify(manifest(published, options), undefined, 2)}\n`],
  ]);
}

function manifest({ classNames, known }: PublishedModel, { name, version, code }: NpmPackageOptions) {
  return {
    name,
    version,
    description: `${described(classNames)}${known ? ` ${accuracyText(known.evaluation)}` : ''}`,
    keywords: ['image classification', 'onnx', 'harrier'],
    license: 'SEE LICENSE IN LICENSE.md',
    type: 'module',
    sideEffects: false,
    exports: {
      '.': {
        node: {
          import: { types: './index.d.ts', default: './node.js' },
          require: { types: './index.d.cts', default: './node.cjs' },
        },
        default: { types: './index.d.ts', default: './browser.js' },
      },
      [`./${MODEL_FILE}`]: `./${MODEL_FILE}`,
      './package.json': './package.json',
    },
    types: './index.d.ts',
    files: ['*.js', '*.cjs', '*.d.ts', '*.d.cts', RUN_FOLDER, MODEL_FILE, 'LICENSE.md'],
    peerDependencies: PEERS,
    peerDependenciesMeta: Object.fromEntries(Object.keys(PEERS).map((peer) => [peer, { optional: true }])),
    harrier: { format: 'npm', version: code.version },
  };
}

/** Classes that a description names. */
const NAMED = 5;

function described(classNames: readonly string[]): string {
  const names = classNames.slice(0, NAMED).join(', ');
  const more = classNames.length > NAMED ? ', …' : '';
  return `Classifies images: ${names}${more} (${classNames.length} classes).`;
}

function accuracyText({ accuracy, total, multiLabel }: Evaluation): string {
  const mean = multiLabel?.meanAveragePrecision;
  if (mean !== undefined) return `mAP ${formatPercent(mean)} on ${total} test images.`;
  return `${formatPercent(accuracy)} of ${total} test images right.`;
}

function declarations(classNames: readonly string[], types: string): string {
  const union = classNames.map((name) => `\n  | ${JSON.stringify(name)}`).join('');
  return `${types.trim()}

/** The classes of this model. */
export type Label =${union};

/** Names of the classes, in the order of the model's outputs. */
export declare const labels: readonly Label[];

/** How the model of this package is loaded. */
export interface ModelOptions extends LoadOptions {
  /** Where \`${MODEL_FILE}\` is, if not in the package: its address, or its bytes. */
  readonly model?: string | Address | ArrayBuffer | Uint8Array;
}

/** Loads the model. The first call decides how; later calls return the same model. */
export declare function load(options?: ModelOptions): Promise<ImageClassifier<Label>>;

/** Classifies an image; the first call loads the model. */
export declare function classify(image: ImageSource, options?: ClassifyOptions): Promise<Answer<Label>[]>;
`;
}

/** A model that was disposed of is loaded anew by the next call. */
const RENEWABLE = `
function renewable(model) {
  const own = { ...model, dispose };
  async function dispose() {
    // Another may have taken its place since.
    if ((await loading?.catch(() => {})) === own) loading = undefined;
    await model.dispose();
  }
  return own;
}
`;

function moduleGlue(classNames: readonly string[], run: string): string {
  return `import { loadClassifier } from './${RUN_FOLDER}/${run}';

export const labels = ${literal(classNames)};

let loading;
${RENEWABLE}
export function load({ model = new URL('./${MODEL_FILE}', import.meta.url), ...options } = {}) {
  loading ??= loadClassifier(model, options).then(renewable, (error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

export async function classify(image, options) {
  return (await load()).classify(image, options);
}
`;
}

/** Names in ASCII alone: pages that state no encoding read scripts as Latin letters. */
function literal(names: readonly string[]): string {
  return JSON.stringify(names).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function commonJsGlue(classNames: readonly string[]): string {
  return `const { join } = require('node:path');
const { loadClassifier } = require('./${RUN_FOLDER}/node.cjs');

exports.labels = ${literal(classNames)};

let loading;
${RENEWABLE}
exports.load = ({ model = join(__dirname, '${MODEL_FILE}'), ...options } = {}) => {
  loading ??= loadClassifier(model, options).then(renewable, (error) => {
    loading = undefined;
    throw error;
  });
  return loading;
};

exports.classify = async (image, options) => (await exports.load()).classify(image, options);
`;
}

function readme(published: PublishedModel, { name }: NpmPackageOptions): string {
  const { known, imageShape, classNames } = published;
  const use = usage(name, published);
  if (known) return renderModelCard({ title: name, ...known, imageShape, use });
  return `# ${name}\n\n${described(classNames.map(markdown))}\n\n${accuracyWords(published)}\n\n${use}\n`;
}

/** What is to be known of a model that tells images of other things. */
const UNKNOWN_USE =
  'If `best.unknown` is true, the image shows none of the classes: the answers name the nearest ones.\n\n';

/** What is to be known of a model that can promise sets of classes. */
const SETS_USE =
  '`classify(image, { coverage: 0.95 })` gives only the classes of a set that holds the right one in 95 of 100 cases: one where the model is sure, more where it is not.\n\n';

/** Of images with any number of labels. */
const LABELS_USE =
  "An image has any number of labels. Answers are all of them, the most probable first, and `given` says whether the image has the label: its probability reaches the label's threshold (`(await load()).thresholds`).\n\n";

function usage(name: string, { classNames: [first], model }: PublishedModel): string {
  const isMultiLabel = THRESHOLDS_KEY in model.metadata;
  const unknown = REJECTION_KEY in model.metadata ? UNKNOWN_USE : isMultiLabel ? LABELS_USE : '';
  const sets = PREDICTION_SETS_KEY in model.metadata ? SETS_USE : '';
  const answer = isMultiLabel
    ? `const answers = await classify(file); // a File or Blob, an address, an <img>, a canvas, a video, ImageData
console.log(answers.filter(({ given }) => given).map(({ label }) => label)); // such as [${JSON.stringify(first)}]`
    : `const [best] = await classify(file); // a File or Blob, an address, an <img>, a canvas, a video, ImageData
console.log(best.label, best.probability); // such as ${JSON.stringify(first)}, 0.98`;
  return `## Use

In a page or a worker, with any bundler:

\`\`\`sh
npm install ${name} onnxruntime-web
\`\`\`

\`\`\`js
import { classify } from '${name}';

${answer}
\`\`\`

In Node, Deno or Bun, where \`sharp\` reads image files:

\`\`\`sh
npm install ${name} ${PACKAGE_NEEDS}
\`\`\`

\`\`\`js
${packageProgram(name)}\`\`\`

${unknown}${sets}\`labels\` lists the classes, and TypeScript knows them as \`Label\`. \`await load()\` loads the model before the first image; \`load({ model: '/models/parts.onnx' })\` takes \`${MODEL_FILE}\` from another place, and \`load({ wasmPaths: { wasm: '/ort.wasm' } })\` ONNX Runtime's WebAssembly. Pixels in memory need no \`sharp\`: \`classify({ data, width, height })\`.`;
}
