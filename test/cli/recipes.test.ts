import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadRecipes } from '../../src/platform/node/runs/recipe-files.ts';
import { networkOf, RECIPES } from '../../src/recipes/index.ts';
import { harrier, sentenceOf, start, workplace, writeImage, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
/** In a process of its own: what a recipe file registers stays in the process that has read it. */
const runAlone = (...args: string[]) => start(args, { cwd: place.path }).finished;
const path = (...parts: string[]) => join(place.path, ...parts);

const MINE = `import { type ActivationName, Dense, defineRecipe, Flatten } from 'harrier';

const rate: number = 0.05;

export default defineRecipe({
  name: 'mine',
  description: 'One layer.',
  target: { accuracy: 0.4, note: 'a guess' },
  epochs: 2,
  batchSize: 8,
  optimizer: { name: 'SGD', learningRate: rate },
  validationSplit: 0,
  imageSize: 8,
  options: { units: 6, activation: 'relu' as ActivationName },
  layers: ({ classes }, { units, activation }) => [
    new Flatten(),
    new Dense({ units, activation }),
    new Dense({ units: classes, activation: 'softmax' }),
  ],
});
`;

beforeAll(async () => {
  place = await workplace();
  await writeImages(path('images'), { perClass: 8 });
});
afterAll(() => place.remove());

it('recipes show --json is refused: a source is not JSON', async () => {
  expect(sentenceOf(await run('recipes', 'show', 'keras-cnn', '--json'))).toMatch(
    /^--json: the source of a recipe is not JSON\. Leave it out\./,
  );
});

describe.each(Object.keys(RECIPES))('recipes show %s', (name) => {
  it('prints a file that is the same recipe', async () => {
    const { stdout, stderr } = await run('recipes', 'show', name);
    expect(stderr).toBe('');
    expect(stdout).not.toMatch(/from '\./);
    await writeFile(path(`${name}.ts`), stdout);
    const [recipe] = await loadRecipes(path(`${name}.ts`));
    const config = (of: typeof recipe) => networkOf(of, { inputShape: [32, 32, 3], classes: 10 }).config();
    expect(config(recipe)).toEqual(config(RECIPES[name]));
    const plain = (of: typeof recipe) => ({ ...of, layers: undefined, outputs: undefined });
    expect(plain(recipe)).toEqual(plain(RECIPES[name]));
  });
});

describe('--set', () => {
  it('changes the network and the training, and run.json has it', async () => {
    const set = ['--set', 'units=4', '--set', 'activation=tanh', '--set', 'epochs=1'];
    const { code } = await run('train', '--recipe', 'keras-cnn', '--data', 'images', ...set, '--out', 'set');
    expect(code).toBe(0);
    const { options, network } = JSON.parse(await readFile(path('set', 'run.json'), 'utf8'));
    expect(options.recipeOptions).toEqual({ activation: 'tanh', filters: 32, units: 4, dropout: 0.3 });
    expect(options.epochs).toBe(1);
    expect(network.layers[3].options).toMatchObject({ units: 4, activation: 'tanh' });
  });

  it.each<[string, RegExp]>([
    [
      'unit=4',
      /^unknown setting of keras-cnn "unit"\. Did you mean "units"\? There are: activation, filters, units/,
    ],
    ['units=0', /units must be a positive whole number: received 0/],
    ['activation=tahn', /unknown activation "tahn"\. Did you mean "tanh"\?/],
  ])('%s is wrong usage', async (set, sentence) => {
    for (const command of [
      ['summary', 'keras-cnn'],
      ['train', '--recipe', 'keras-cnn', '--data', 'images'],
    ]) {
      const finished = await run(...command, '--set', set);
      expect(sentenceOf(finished)).toMatch(sentence);
      expect(finished.code).toBe(2);
    }
  });
});

describe('harrier.config.ts', () => {
  it('is used by every command, and a finished run does not need it again', async () => {
    await writeFile(path('harrier.config.ts'), MINE);
    expect((await run('recipes')).stdout).toMatch(/^mine {2}\(harrier\.config\.ts\)\n {2}One layer\./);
    const summary = JSON.parse((await run('summary', 'mine', '--set', 'units=5', '--json')).stdout);
    expect(summary.settings).toMatchObject({ units: 5, learningRate: 0.05 });
    const trained = await run('train', '--data', 'images', '--set', 'units=5', '--out', 'own', '--json');
    expect(trained.code).toBe(0);
    const { options } = JSON.parse(await readFile(path('own', 'run.json'), 'utf8'));
    expect(options).toMatchObject({ recipe: 'mine', recipeFile: path('harrier.config.ts'), epochs: 2 });

    await writeFile(path('harrier.config.ts'), 'throw new Error("gone")');
    await writeImage(path('one.png'), 8, 1, 99);
    expect((await runAlone('predict', 'own', 'one.png')).code).toBe(0);
    expect((await runAlone('train', '--resume', 'own', '--epochs', '3')).code).toBe(0);
    await writeFile(path('harrier.config.ts'), MINE);
  });

  it('can hold several recipes, and a file of another name one', async () => {
    await writeFile(path('mine.ts'), MINE);
    await writeFile(
      path('harrier.config.ts'),
      `import a from './mine.ts';\nexport default { a, b: { ...a, name: 'b' } };`,
    );
    const names = JSON.parse((await run('recipes', '--json')).stdout).map(
      ({ name }: { name: string }) => name,
    );
    expect(names).toEqual(['mine', 'b', ...Object.keys(RECIPES)]);
    expect((await run('summary', './mine.ts')).stdout).toContain('"mine"');
  });

  it('can register layers of its own, which go on, start another run and are exported', async () => {
    const own = MINE.replace(
      "from 'harrier';",
      `from 'harrier';
import { type Activations, knownOptions, Layer, type LayerContext, registerLayers } from 'harrier/layer';

class Twice extends Layer {
  readonly type = 'Twice';
  constructor(options = {}) {
    super(knownOptions('Twice', options, []));
  }
  call({ graph }: LayerContext, input: Activations): Activations {
    return { ...input, value: graph.op('Add', [input.value, input.value]) };
  }
}
registerLayers({ Twice });`,
    ).replace('new Flatten(),', 'new Flatten(), new Twice(),');
    await writeFile(path('harrier.config.ts'), own);
    expect((await runAlone('train', '--data', 'images', '--set', 'epochs=1', '--out', 'twice')).code).toBe(0);
    expect((await runAlone('summary', 'twice')).stdout).toContain('(Twice)');
    expect((await runAlone('train', '--resume', 'twice', '--epochs', '2')).code).toBe(0);
    // Neither a copy of the file nor what is fine-tuned from it has a record that names the recipe.
    await copyFile(path('twice', 'model.onnx'), path('twice.onnx'));
    const tuned = await runAlone(
      'train',
      ...['--from', 'twice.onnx', '--data', 'images', '--epochs', '1', '--out', 'tuned'],
    );
    expect(tuned.stderr).not.toContain('error');
    expect(tuned.code).toBe(0);
    expect((await runAlone('train', '--resume', 'tuned', '--epochs', '2')).code).toBe(0);

    await writeFile(path('harrier.config.ts'), 'throw new Error("gone")');
    await writeImage(path('one.png'), 8, 1, 99);
    // In a process that has never seen the layer.
    expect((await run('predict', 'twice', 'one.png')).code).toBe(0);
    expect((await run('evaluate', 'twice', '--json')).code).toBe(0);
    expect(sentenceOf(await run('train', '--from', 'twice.onnx', '--data', 'images'))).toMatch(
      /unknown layer "Twice"|If a layer is your own/,
    );
    await writeFile(path('harrier.config.ts'), MINE);
  });

  it('can give its network in the functional form', async () => {
    const functional = MINE.replace('Dense,', 'Add, Dense,').replace(
      /layers: .*?\],/s,
      `outputs: (image, { classes }, { units, activation }) => {
        const x = image.through(new Flatten(), new Dense({ units, activation }));
        const y = x.through(new Dense({ units, activation: 'tanh' }));
        return new Add().apply([x, y]).through(new Dense({ units: classes }));
      },`,
    );
    await writeFile(path('harrier.config.ts'), functional);
    const { stdout } = await run('summary', 'mine', '--json');
    const { layers, multiplyAdds } = JSON.parse(stdout);
    expect(layers[3]).toMatchObject({ name: 'add', connectedTo: ['dense', 'dense_1'] });
    expect(multiplyAdds).toBe(192 * 6 + 36 + 60);
    expect((await run('train', '--data', 'images', '--set', 'epochs=1', '--out', 'functional')).code).toBe(0);
    expect((await run('summary', 'functional')).stdout).toContain('dense_1[0][0]');
    expect((await run('evaluate', 'functional', '--json')).code).toBe(0);
  });

  it.each<[string, string, RegExp]>([
    [
      'does not parse',
      "export default {\n  name: 'x',\n  layers: [ };",
      /harrier\.config\.ts, line 3: this file does not parse \(Unexpected token\)\.$/,
    ],
    [
      'throws',
      "\nthrow new Error('out of ideas');",
      /harrier\.config\.ts, line 2: this file cannot be used \(Error: out of ideas\)\.$/,
    ],
    [
      'imports what is not there',
      "import './nothing.ts';",
      /harrier\.config\.ts, line 1: this file cannot be used \(Error: Cannot find module/,
    ],
    [
      'exports nothing',
      "export const name = 'x';",
      /harrier\.config\.ts: this file exports no recipe\. Write: export default defineRecipe/,
    ],
    [
      'exports a recipe of the wrong shape',
      MINE.replace('epochs: 2', "epochs: '2'"),
      /the field "epochs" of this recipe does not fit: expected a whole number of at least 1, received "2"\.$/,
    ],
    [
      'has no network',
      MINE.replace('layers:', 'layer:'),
      /harrier\.config\.ts: a recipe's network: expected either layers or outputs, received neither\.$/,
    ],
    [
      'has outputs that throw',
      MINE.replace('layers: ({', 'outputs: (image, {').replace(
        '[\n    new',
        '[\n image.shape[5].toString(), new',
      ),
      /harrier\.config\.ts, line 16: the layers of mine cannot be built \(TypeError: /,
    ],
    [
      'has layers that throw',
      MINE.replace('new Flatten()', 'new (undefined as any)()'),
      /harrier\.config\.ts, line 16: the layers of mine cannot be built \(TypeError: /,
    ],
    [
      'has a layer with a wrong option',
      MINE.replace('Dense({ units, activation })', "Dense({ units: 'many' as never })"),
      /line 17: the layers of mine cannot be built \(Dense: units must be a positive whole number/,
    ],
  ])('that %s', async (_, source, sentence) => {
    await writeFile(path('harrier.config.ts'), source);
    const finished = await run('summary', 'mine');
    expect(sentenceOf(finished)).toMatch(sentence);
    expect(finished.code).toBe(2);
  });
});

describe('runs that are begun from another folder', () => {
  const elsewhere = (...args: string[]) => harrier(args, { cwd: path('elsewhere') });
  const record = async (...parts: string[]) => JSON.parse(await readFile(path(...parts, 'run.json'), 'utf8'));
  beforeAll(async () => {
    await writeFile(path('harrier.config.ts'), MINE);
    await mkdir(path('elsewhere'));
    await writeFile(path('elsewhere', 'harrier.config.ts'), MINE.replace("'relu'", "'tanh'"));
  });

  it('more seeds: the same recipe and data, or none', async () => {
    const seeds = ['train', '--data', 'images', '--seeds', '1', '--out', 'seeds'];
    expect((await run(...seeds)).code).toBe(0);
    // Whose file it is cannot be known there, and it is a program.
    const refused = await elsewhere('train', '--resume', '../seeds', '--seeds', '2');
    expect([refused.code, sentenceOf(refused)]).toEqual([
      2,
      expect.stringContaining(path('harrier.config.ts')),
    ]);
    expect((await run('train', '--resume', 'seeds', '--seeds', '2')).code).toBe(0);
    const [one, two] = [await record('seeds', 'seed-1'), await record('seeds', 'seed-2')];
    expect(two.network).toEqual(one.network);
    expect(two.data).toEqual(one.data);
    expect(two.options).toEqual({ ...one.options, seed: 2 });

    await writeFile(
      path('harrier.config.ts'),
      MINE.replace('new Flatten(),', 'new Flatten(), new Dense({ units: 5 }),'),
    );
    const other = await run('train', '--resume', 'seeds', '--seeds', '3');
    expect(sentenceOf(other)).toBe(
      'seed 3: its training would differ from that of the first seed: expected the same network. ' +
        'Restore the recipe, or start again without --resume.',
    );
    expect(other.code).toBe(2);
    await writeFile(path('harrier.config.ts'), MINE.replace('0.05', '0.06'));
    expect(sentenceOf(await run('train', '--resume', 'seeds'))).toMatch(/expected the same optimizer/);
    await writeFile(path('harrier.config.ts'), MINE);
    await writeImage(path('images', 'cat', 'new.png'), 8, 0, 98);
    expect(sentenceOf(await run('train', '--resume', 'seeds'))).toMatch(
      /the data has changed since the first seed was trained: expected SHA-256/,
    );
    await rm(path('images', 'cat', 'new.png'));
  });

  it('trials of a sweep: the same recipe and data', async () => {
    const vary = ['--vary', 'units=3,4', '--validation-split', '0.3', '--epochs', '1'];
    expect((await run('sweep', '--data', 'images', ...vary, '--out', 'sweep')).code).toBe(0);
    const before = await record('sweep', 'trial-2');
    await rm(path('sweep', 'trial-2'), { recursive: true });
    expect((await elsewhere('sweep', '--resume', '../sweep')).code).toBe(2);
    expect((await run('sweep', '--resume', 'sweep')).code).toBe(0);
    const { network, data, options } = await record('sweep', 'trial-2');
    expect({ network, data, options }).toEqual({
      network: before.network,
      data: before.data,
      options: before.options,
    });
    expect(options).toMatchObject({ recipe: 'mine', recipeFile: path('harrier.config.ts') });
  });
});

describe('bench --recipe', () => {
  it("measures a recipe's training step", async () => {
    await writeFile(
      path('tiny.ts'),
      `import { BatchNormalization, Conv2D, defineRecipe, Dense, Flatten } from 'harrier';
export default defineRecipe({
  name: 'tiny', description: 'Small.', target: { accuracy: 0.2, note: 'none' }, epochs: 3, batchSize: 8, microBatch: 4,
  optimizer: { name: 'Muon' }, validationSplit: 0, imageSize: 32, normalization: 'data',
  layers: ({ classes }) => [
    new Conv2D({ filters: 4, kernelSize: 3 }), new BatchNormalization(), new Flatten(), new Dense({ units: classes }),
  ],
});
`,
    );
    const { code, stdout } = await run('bench', '--recipe', './tiny.ts', '--json');
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ recipe: 'tiny', batch: 8, peers: {} });
    expect(result.peersMissing.pytorch).toBe("has no network equal to tiny's");
    expect(result.imagesPerSecond).toBeCloseTo(8000 / result.stepMs.median, 6);
    expect(result.minutes).toBeCloseTo((3 * 50_000) / result.imagesPerSecond / 60, 6);
    expect(Object.keys(result.fractions)).toEqual(
      expect.arrayContaining(['Conv2D', 'BatchNormalization', 'Dense']),
    );
    const fractions: number[] = Object.values(result.fractions);
    expect(fractions.reduce((sum, fraction) => sum + fraction, 0)).toBeCloseTo(1, 6);
  });

  it('refuses a recipe that there is not', async () => {
    const { code, stderr } = await run('bench', '--recipe', 'recrod');
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean "record"?');
  });
});
