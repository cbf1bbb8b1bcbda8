import { basename } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import { keepsContract } from '../../../models/contract.ts';
import type { ForeignClassifierOptions } from '../../../models/index.ts';
import { decodeModel, encodeModel, type Graph } from '../../../onnx/index.ts';
import { withoutByteOrderMark } from '../../../utf8.ts';
import { companionsOf } from './companions.ts';
import { readModelFile } from './model-file.ts';
import { readRegularFile } from './regular-file.ts';

/** A model file by Harrier's contract, and what was assumed of one of another program: a sentence each. */
export interface ClassifierFile {
  readonly bytes: Uint8Array;
  readonly assumed: readonly string[];
}

/**
 * Reads a model file: one of Harrier's as it is, a classifier of another program brought to Harrier's contract.
 *
 * @param options what is said of a classifier of another program
 * @throws HarrierError as `readModelFile` and `foreignClassifier` do; `bad-option` for options with a model of Harrier
 */
export async function readClassifierFile(
  file: string,
  options: ForeignClassifierOptions = {},
): Promise<ClassifierFile> {
  const bytes = await readModelFile(file);
  const model = decodeModel(bytes, file);
  if (keepsContract(model.graph)) {
    const { imageSize, ...others } = options;
    checkSize(model.graph, imageSize, file);
    const [given] = Object.keys(others);
    if (given === undefined) return { bytes, assumed: [] };
    throw new HarrierError(
      'bad-option',
      `a model of Harrier states its own preprocessing and class names: ${given} cannot be given`,
      { where: file, next: 'Leave it out.' },
    );
  }
  // Only models of other programs wait for the importer.
  const { foreignClassifier } = await import('../../../models/foreign/foreign-classifier.ts');
  const companions = await companionsOf(file);
  const made = foreignClassifier(model, options, { where: basename(file), companions });
  return { bytes: encodeModel(made.model), assumed: made.assumed };
}

/** @throws HarrierError `bad-option` for another size than that of a model of Harrier */
function checkSize({ inputs }: Graph, given: ForeignClassifierOptions['imageSize'], where: string): void {
  const [, height, width] = inputs[0].shape;
  const [rows, columns = rows] = [given ?? []].flat();
  if (given === undefined || (rows === height && columns === width)) return;
  throw new HarrierError(
    'bad-option',
    'a model of Harrier takes images of one size, which cannot be changed',
    {
      where,
      expected: `${width} × ${height}`,
      received: `${columns} × ${rows}`,
      next: "Leave it out: images are scaled to the model's size.",
      options: ['imageSize'],
    },
  );
}

/**
 * The names in a file of labels, one a line; lines at the end that are empty do not count.
 * @throws HarrierError as `readRegularFile` does; `bad-data` for a file without names
 */
export async function readLabels(file: string): Promise<string[]> {
  const text = withoutByteOrderMark((await readRegularFile(file)).toString('utf8'));
  const names = text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.trim());
  if (names[0] !== '' || names.length > 1) return names;
  throw new HarrierError('bad-data', 'there are no labels in it', {
    where: file,
    expected: 'one name a line',
  });
}
