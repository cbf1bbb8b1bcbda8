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

const shape = { height: 4, width: 6, channels: 3 };

function card(
  classNames: string[],
  command = 'npx harrier train keras-cnn --seed 1',
  preprocessing?: Preprocessing,
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
    evaluation: evaluatePredictions({ probabilities, labels, classNames }),
    imageShape: { ...shape, preprocessing },
  });
}

/** The JavaScript of the card. */
function snippet(markdown: string): string {
  return /```js\n([\s\S]*?)```/.exec(markdown)?.[1] ?? '';
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
    // A model in Harrier's contract: how red, green and blue an image is on average, through a softmax.
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
          outputs: [{ name: 'probabilities', type: 'float32', shape: ['N', 3] }],
          initializers: new Map([
            ['axes', int64([1, 2])],
            ['scale', float32([], [1 / 32])],
          ]),
          nodes: [
            node('Cast', ['image'], 'values', { to: 1 }),
            node('ReduceMean', ['values', 'axes'], 'means', { keepdims: 0 }),
            node('Mul', ['means', 'scale'], 'logits'),
            node('Softmax', ['logits'], 'probabilities', { axis: -1 }),
          ],
        },
        opsets: { '': 21 },
        metadata: {},
      });
      writeFileSync(join(folder, 'model.onnx'), model);
      writeFileSync(join(folder, 'card.mjs'), snippet(text));
      symlinkSync(
        fileURLToPath(new URL('../../node_modules', import.meta.url)),
        join(folder, 'node_modules'),
        'junction',
      );
      await sharp({ create: { width: 40, height: 20, channels: 3, background: '#1028e0' } })
        .png()
        .toFile(join(folder, 'photo.png'));
      const said = execFileSync(process.execPath, ['card.mjs'], { cwd: folder, encoding: 'utf8' });
      expect(said).toMatch(/^blue 0\.9\d+\n$/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
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
