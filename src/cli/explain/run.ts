import { basename, extname, join, resolve } from 'node:path';
import { HarrierError, unknownName } from '../../errors.ts';
import { Explainer, type ExplanationMethod } from '../../explanation/index.ts';
import { formatPercent, printable } from '../../format/format.ts';
import { UNKNOWN_FROM } from '../../models/contract.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { decodeImage } from '../../platform/node/images/decode.ts';
import { explanationImage } from '../../platform/node/images/explanation-image.ts';
import { isAddress, RemoteImages } from '../../platform/node/remote/remote-images.ts';
import { findModel } from '../../platform/node/runs/find-run.ts';
import { Exit, failureOf } from '../failure.ts';
import { classifierBytes, type ForeignFlags } from '../foreign.ts';
import { hasMark, isThere, markedPng, writeOutput } from '../output.ts';
import { type ListOptions, predictArguments } from '../predict/arguments.ts';
import { readInput, STANDARD_INPUT } from '../predict/input.ts';
import { givenLabels } from '../predict/labels.ts';
import { remoteOptions } from '../predict/remote.ts';
import type { Answer } from '../predict/text.ts';
import { Reporter } from '../reporter.ts';
import { shippedNote } from '../shipped.ts';
import { shortPath } from '../terminal.ts';

/** The options of `explain` as they were typed. */
export interface ExplainOptions extends ListOptions, ForeignFlags {
  readonly out: string;
  readonly method: ExplanationMethod;
  readonly layer?: string;
  readonly class?: string;
  readonly json?: boolean;
  readonly threads?: number;
}

/** What is said of one file. */
interface ExplainedFile extends Pick<Answer, 'labels' | 'unknown'> {
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
  const { model, files } = await predictArguments(words, options);
  const remote = new RemoteImages(remoteOptions(words, options));
  const { modelFile, shipped } = await findModel(model);
  const bytes = await classifierBytes(modelFile, options, reporter);
  const explainer = await Explainer.load(nodeRuntime({ threads }), bytes, {
    method,
    layer,
    where: modelFile,
  });
  if (shipped) reporter.note(shippedNote(modelFile, explainer.classNames));
  const classIndex = options.class === undefined ? undefined : classNamed(explainer, options.class);
  const folder = resolve(options.out);
  const names = new Set<string>();
  // A map is a number for each pixel: of many images, one after another.
  let failed = 0;
  const say = jsonList(reporter, json);
  for (const [done, file] of files.entries()) {
    if (files.length > 1) reporter.work({ what: 'explaining', done, total: files.length, unit: 'files' });
    try {
      const explained = await explain(explainer, file, {
        image: await freePath(folder, file, names),
        classIndex,
        remote,
      });
      say(explained);
      if (!json) reporter.print(lineOf(explained, classIndex !== undefined));
    } catch (error) {
      const { message = '' } = failureOf(error);
      failed++;
      say({ file, error: message });
      reporter.error(message);
    }
  }
  reporter.clear();
  say();
  await explainer.dispose();
  if (failed > 0) throw new Exit(1);
}

/** Prints a JSON list, an element at a time; without one, its end. */
function jsonList(reporter: Reporter, json: boolean | undefined): (element?: ExplainedFile) => void {
  let isFirst = true;
  return (element) => {
    if (!json) return;
    if (element) reporter.result(`${isFirst ? '[' : ','}${JSON.stringify(element)}`);
    else reporter.result(isFirst ? '[]' : ']');
    isFirst = false;
  };
}

interface Explaining {
  /** The image to write. */
  readonly image: string;
  readonly classIndex: number | undefined;
  readonly remote: RemoteImages;
}

async function explain(
  explainer: Explainer,
  file: string,
  { image, classIndex, remote }: Explaining,
): Promise<ExplainedFile> {
  const source = await readInput(file, remote);
  const pixels = await decodeImage(source, explainer.imageShape, file);
  const explanation = await explainer.explain(pixels, classIndex);
  const { probabilities, unknown, map, width } = explanation;
  const { method, layer, classNames, thresholds } = explainer;
  const said = {
    label: classNames[explanation.classIndex],
    probability: probabilities[explanation.classIndex],
    ...(thresholds && { labels: givenLabels(classNames, thresholds, probabilities) }),
    ...(unknown !== undefined && { unknown: unknown > UNKNOWN_FROM }),
  };
  const png = await explanationImage(source, explanation, {
    title: textOf(said, classIndex !== undefined),
    note: layer === undefined ? method : `${method} at ${layer}`,
    seen: explainer.imageShape,
  });
  await writeOutput(image, markedPng(png), { option: '--out' });
  const rows = Array.from({ length: map.length / width }, (_, row) => [
    ...map.subarray(row * width, (row + 1) * width),
  ]);
  return { file, image, ...said, method, ...(layer !== undefined && { layer }), map: rows };
}

function lineOf(explained: ExplainedFile, isChosen: boolean): string {
  const { file, image = '' } = explained;
  return `${printable(file)}: ${textOf(explained, isChosen)}  →  ${shortPath(image)}`;
}

/** @param isChosen whether the class was asked for: it need not be the nearest */
function textOf(
  {
    label = '',
    probability = 0,
    labels,
    unknown,
  }: Pick<ExplainedFile, 'label' | 'probability' | 'labels' | 'unknown'>,
  isChosen: boolean,
): string {
  const text = `${printable(label)} ${formatPercent(probability)}`;
  if (unknown) return isChosen ? `unknown; ${text}` : `unknown; nearest: ${text}`;
  return labels && !labels.includes(label) ? `${text} (below its threshold)` : text;
}

/** @throws HarrierError `bad-option` with the nearest name, when the model has none such */
function classNamed({ classNames }: Explainer, name: string): number {
  const index = classNames.indexOf(name);
  if (index >= 0) return index;
  const { summary, details } = unknownName('class', name, classNames);
  throw new HarrierError('bad-option', summary, { ...details, where: '--class' });
}

/** Bytes of a name that leave room for an ending, in the 255 that file systems allow. */
const STEM_BYTES = 200;

/**
 * Where the explanation of a file goes: `photo.png` for `holiday/photo.jpg`, `photo-explained.png` where that is a file
 * of somebody else, `photo-2.png` where another image took it.
 */
async function freePath(folder: string, file: string, taken: Set<string>): Promise<string> {
  const stem = stemOf(file);
  let ending = '';
  for (let i = 1; ; i++) {
    const name = `${stem}${ending}${i === 1 ? '' : `-${i}`}.png`;
    // On some file systems letter case makes no difference.
    if (taken.has(name.toLowerCase())) continue;
    const path = join(folder, name);
    if (!(await isThere(path)) || (await hasMark(path))) {
      taken.add(name.toLowerCase());
      return path;
    }
    if (ending === '') {
      ending = '-explained';
      i = 0;
    }
  }
}

function stemOf(file: string): string {
  if (file === STANDARD_INPUT) return 'standard-input';
  const path = isAddress(file) ? new URL(file).pathname : file;
  const stem = basename(path, extname(path)) || 'image';
  let short = '';
  let bytes = 0;
  for (const character of stem) {
    bytes += Buffer.byteLength(character);
    if (bytes > STEM_BYTES) break;
    short += character;
  }
  return short;
}
