import { basename, extname, join, resolve } from 'node:path';
import { HarrierError, unknownName } from '../../errors.ts';
import { Explainer, type ExplanationMethod } from '../../explanation/index.ts';
import { formatPercent, printable } from '../../format/format.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { writeAtomically } from '../../platform/node/files/cache.ts';
import { readModelFile } from '../../platform/node/files/model-file.ts';
import { decodeImage, readImageFile } from '../../platform/node/images/decode.ts';
import { explanationImage } from '../../platform/node/images/explanation-image.ts';
import { findModel } from '../../platform/node/runs/find-run.ts';
import { Exit, failureOf } from '../failure.ts';
import { predictArguments } from '../predict/arguments.ts';
import { Reporter } from '../reporter.ts';
import { shippedNote } from '../shipped.ts';
import { shortPath } from '../terminal.ts';

/** The options of `explain` as they were typed. */
export interface ExplainOptions {
  readonly out: string;
  readonly method: ExplanationMethod;
  readonly layer?: string;
  readonly class?: string;
  readonly json?: boolean;
  readonly threads?: number;
}

/** What is said of one file. */
interface ExplainedFile {
  readonly file: string;
  /** The image that was written. */
  readonly image?: string;
  /** The class that was explained, and its probability. */
  readonly label?: string;
  readonly probability?: number;
  readonly method?: ExplanationMethod;
  readonly layer?: string;
  /** 0–1, row by row. */
  readonly map?: readonly (readonly number[])[];
  /** Why there is nothing. */
  readonly error?: string;
}

/**
 * `harrier explain`: an image for every file that is one, even when another is not.
 *
 * @param words the arguments that are no options: a model perhaps, and images
 */
export async function runExplain(words: readonly string[], options: ExplainOptions): Promise<void> {
  const { json, threads, method, layer } = options;
  const reporter = new Reporter({ machine: json });
  const { model, files } = await predictArguments(words);
  const { modelFile, shipped } = await findModel(model);
  const bytes = await readModelFile(modelFile);
  const explainer = await Explainer.load(nodeRuntime({ threads }), bytes, {
    method,
    layer,
    where: modelFile,
  });
  if (shipped) reporter.note(shippedNote(modelFile, explainer.classNames));
  const classIndex = options.class === undefined ? undefined : classNamed(explainer, options.class);
  const folder = resolve(options.out);
  const names = new Set<string>();
  const all: ExplainedFile[] = [];
  for (const [done, file] of files.entries()) {
    if (files.length > 1) reporter.work({ what: 'explaining', done, total: files.length, unit: 'files' });
    try {
      const explained = await explain(explainer, file, join(folder, freeName(file, names)), classIndex);
      all.push(explained);
      if (!json) reporter.print(lineOf(explained));
    } catch (error) {
      const { message = '' } = failureOf(error);
      all.push({ file, error: message });
      reporter.error(message);
    }
  }
  reporter.clear();
  if (json) reporter.json(all);
  await explainer.dispose();
  if (all.some(({ error }) => error !== undefined)) throw new Exit(1);
}

async function explain(
  explainer: Explainer,
  file: string,
  image: string,
  classIndex: number | undefined,
): Promise<ExplainedFile> {
  const source = await readImageFile(file);
  const pixels = await decodeImage(source, explainer.imageShape, file);
  const explanation = await explainer.explain(pixels, classIndex);
  const { probabilities, map, width } = explanation;
  const label = explainer.classNames[explanation.classIndex];
  const probability = probabilities[explanation.classIndex];
  const { method, layer } = explainer;
  const title = `${printable(label)} ${formatPercent(probability)}`;
  const png = await explanationImage(source, explanation, {
    title,
    note: layer === undefined ? method : `${method} at ${layer}`,
    pixelated: explainer.imageShape,
  });
  await writeAtomically(image, png, 'choose another folder with --out');
  const rows = Array.from({ length: map.length / width }, (_, row) => [
    ...map.subarray(row * width, (row + 1) * width),
  ]);
  return { file, image, label, probability, method, ...(layer !== undefined && { layer }), map: rows };
}

function lineOf({ file, label = '', probability = 0, image = '' }: ExplainedFile): string {
  return `${printable(file)}: ${printable(label)} ${formatPercent(probability)}  →  ${shortPath(image)}`;
}

/** @throws HarrierError `bad-option` with the nearest name, when the model has none such */
function classNamed({ classNames }: Explainer, name: string): number {
  const index = classNames.indexOf(name);
  if (index >= 0) return index;
  const { summary, details } = unknownName('class', name, classNames);
  throw new HarrierError('bad-option', summary, { ...details, where: '--class' });
}

/** `photo.png` for `holiday/photo.jpg`; `photo-2.png` where another image took that. */
function freeName(file: string, taken: Set<string>): string {
  const stem = basename(file, extname(file));
  let name = `${stem}.png`;
  for (let i = 2; taken.has(name); i++) name = `${stem}-${i}.png`;
  taken.add(name);
  return name;
}
