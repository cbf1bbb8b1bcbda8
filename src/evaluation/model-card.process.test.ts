import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Preprocessing } from '../data/preprocessing.ts';
import { encodeModel, float32, int64, type Node } from '../onnx/index.ts';
import { evaluatePredictions } from './evaluate.ts';
import { renderModelCard } from './model-card.ts';
import type { RejectionEvaluation } from './rejection.ts';

const shape = { height: 4, width: 6, channels: 3 };

function card(
  classNames: string[],
  command = 'npx harrier train keras-cnn --seed 1',
  preprocessing?: Preprocessing,
  rejection?: RejectionEvaluation,
): string {
  const labels = [0, 1, 2, 2];
  const probabilities = new Float32Array(labels.length * classNames.length);
  [0, 1, 2, 1].forEach((predicted, image) => {
    probabilities[image * classNames.length + predicted] = 1;
  });
  return renderModelCard({
    title: 'keras-cnn on colours',
    facts: {
      recipe: 'keras-cnn',
      parameters: 4200842,
      seed: 1,
      command,
      trainingData: { name: 'colours/train', images: 3, hash: 'ab'.repeat(32) },
      testData: { name: 'colours/test', images: 4, hash: 'cd'.repeat(32) },
    },
    evaluation: {
      ...evaluatePredictions({ probabilities, labels, classNames }),
      ...(rejection && { rejection }),
    },
    imageShape: { ...shape, preprocessing },
  });
}

/** The JavaScript of the card. */
function snippet(markdown: string): string {
  return /```js\n([\s\S]*?)```/.exec(markdown)?.[1] ?? '';
}

/**
 * What the card's code says of a photo of one colour, run beside a model in Harrier's contract: how red, green and blue
 * an image is on average, through a softmax.
 *
 * @param further an output that is above 0.5 where the best probability is below
 */
async function saidBy(
  card: string,
  { red, green, blue }: { readonly red: number; readonly green: number; readonly blue: number },
  further?: string,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'harrier-card-'));
  try {
    const node = (
      opType: string,
      inputs: string[],
      output: string,
      attributes: Node['attributes'] = {},
    ): Node => ({
      name: output,
      opType,
      domain: '',
      inputs,
      outputs: [output],
      attributes,
    });
    const model = encodeModel({
      graph: {
        name: 'colours',
        inputs: [{ name: 'image', type: 'uint8', shape: ['N', shape.height, shape.width, 3] }],
        outputs: [
          { name: 'probabilities', type: 'float32', shape: ['N', 3] },
          ...(further ? [{ name: further, type: 'float32' as const, shape: ['N'] }] : []),
        ],
        initializers: new Map([
          ['axes', int64([1, 2])],
          ['scale', float32([], [1 / 32])],
          ['classes', int64([1])],
          ['one', float32([], [1])],
        ]),
        nodes: [
          node('Cast', ['image'], 'values', { to: 1 }),
          node('ReduceMean', ['values', 'axes'], 'means', { keepdims: 0 }),
          node('Mul', ['means', 'scale'], 'logits'),
          node('Softmax', ['logits'], 'probabilities', { axis: -1 }),
          ...(further
            ? [
                node('ReduceMax', ['probabilities', 'classes'], 'best', { keepdims: 0 }),
                node('Sub', ['one', 'best'], further),
              ]
            : []),
        ],
      },
      opsets: { '': 21 },
      metadata: {},
    });
    writeFileSync(join(folder, 'model.onnx'), model);
    writeFileSync(join(folder, 'card.mjs'), snippet(card));
    symlinkSync(
      fileURLToPath(new URL('../../node_modules', import.meta.url)),
      join(folder, 'node_modules'),
      'junction',
    );
    await sharp({
      create: { width: 40, height: 20, channels: 3, background: { r: red, g: green, b: blue } },
    })
      .png()
      .toFile(join(folder, 'photo.png'));
    return execFileSync(process.execPath, ['card.mjs'], { cwd: folder, encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('renderModelCard', () => {
  const text = card(['red', 'green', 'blue']);

  it('says what it must', () => {
    for (const words of [
      '# keras-cnn on colours',
      '4,200,842 parameters',
      'to one of 3 classes: red, green, blue.',
      '**75.00%** correct: 3 of 4 images of `colours/test`',
      'npx harrier predict . photo.png',
      '| green | 1 | 50.00% | 100.00% | 66.67% |',
      '- green ↔ blue: 1',
      `SHA-256 \`${'ab'.repeat(32)}\``,
      '```sh\nnpx harrier train keras-cnn --seed 1\n```',
      'resized to 6 × 4',
      'weakest class is blue, with a recall of 50.0%',
      '## Licence',
    ]) {
      expect(text).toContain(words);
    }
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  it('shows the use of the bare model in at most 12 lines', () => {
    expect(snippet(text).trimEnd().split('\n').length).toBeLessThanOrEqual(12);
  });

  it.each<[string, Preprocessing | undefined, string]>([
    ['as it is by default', undefined, 'other proportions are distorted'],
    [
      'that crops',
      { resize: 'crop', cropFraction: 0.875, interpolation: 'bicubic' },
      'the edges of the image are cut off',
    ],
    [
      'that crops nothing off the shorter side',
      { resize: 'crop', cropFraction: 1, interpolation: 'bilinear' },
      'cut off',
    ],
    ['that pads', { resize: 'pad', cropFraction: 1, interpolation: 'lanczos3' }, 'black borders'],
    [
      'that stretches in another way',
      { resize: 'stretch', cropFraction: 1, interpolation: 'bicubic' },
      'distorted',
    ],
  ])('shows code that runs, %s', async (_, preprocessing, limit) => {
    const text = card(['red', 'green', 'blue'], undefined, preprocessing);
    expect(text).toContain(limit);
    expect(await saidBy(text, { red: 16, green: 40, blue: 224 })).toMatch(/^blue 0\.9\d+\n$/);
  });

  it('shows code that names no class where the model calls the image unknown', async () => {
    const text = card(['red', 'green', 'blue'], undefined, undefined, { keep: 0.9, images: 4 });
    expect(await saidBy(text, { red: 16, green: 40, blue: 224 }, 'unknown')).toMatch(/^blue 0\.9\d+\n$/);
    expect(await saidBy(text, { red: 120, green: 120, blue: 130 }, 'unknown')).toBe('none of the classes\n');
  });

  it('lets no name break out of Markdown or code', () => {
    const odd = card(['a|b', '<script>alert(1)</script>', '`x`\n# *y*'], 'echo "```"');
    expect(odd).toContain('| a\\|b | 1 |');
    expect(odd).not.toMatch(/[| ,]<script/);
    expect(odd).toContain('\\<script\\>');
    expect(odd).not.toMatch(/^# \*y/m);
    expect(odd).toContain('````sh\necho "```"\n````');
    expect(snippet(odd)).toContain('"\\u0060x\\u0060\\n# *y*"');
  });
});
