import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import {
  classRankings,
  coverageOfSets,
  type Evaluation,
  evaluatePredictions,
  evaluateRejection,
  type History,
  PredictionSets,
  type RunInfo,
} from '../evaluation/index.ts';
import { formatPercent } from '../format/format.ts';
import { epochTicks, niceTicks } from '../format/ticks.ts';
import { type ReportImage, renderReport } from './index.ts';

const PIXEL = 'data:image/png;base64,iVBORw0KGgo=';
const HASH = '0123456789abcdef'.repeat(4);

const facts: RunInfo = {
  recipe: 'keras-cnn',
  parameters: 4200842,
  imageShape: { height: 32, width: 32, channels: 3 },
  epochs: 3,
  batchSize: 32,
  seed: 0,
  optimizer: 'SGD, learning rate 0.01',
  seconds: 1112,
  hardware: 'two cores',
  versions: { harrier: '0.1.0' },
  testData: { name: 'cifar10/test', images: 10000, hash: HASH },
  command: 'npx harrier train keras-cnn --seed 0',
};

const history: History = [
  { epoch: 1, loss: 1.8, accuracy: 0.33, validationLoss: 1.7, validationAccuracy: 0.4 },
  { epoch: 2, loss: 1.4, accuracy: 0.5, validationLoss: 1.5, validationAccuracy: 0.48 },
  { epoch: 3, loss: 1.2, accuracy: 0.58, validationLoss: 1.4, validationAccuracy: 0.51 },
];

const image: ReportImage = {
  uri: PIXEL,
  width: 32,
  height: 32,
  trueClass: 'cat',
  predictedClass: 'dog',
  probability: 0.98,
  source: 'test #17',
};

/** `classes` classes with `each` images; every third image is taken for the next class. */
function evaluated(classNames: string[], each = 6): Evaluation {
  const classes = classNames.length;
  const labels = Array.from({ length: classes * each }, (_, i) => i % classes);
  const probabilities = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => {
    const predicted = Math.floor(i / classes) % 3 === 0 ? (label + 1) % classes : label;
    probabilities[i * classes + predicted] = 0.75;
    probabilities[i * classes + ((predicted + 1) % classes)] += 0.25;
  });
  return evaluatePredictions({ probabilities, labels, classNames });
}

/** What a browser would fetch: addresses in attributes and in style sheets. */
function fetched(page: string): string[] {
  const addresses = [...page.matchAll(/\b(?:src|href|srcset|data|action|poster)\s*=\s*"([^"]*)"/g)].map(
    ([, a]) => a,
  );
  const styles = [...page.matchAll(/@import[^;]*|url\([^)]*\)/g)].map(([match]) => match);
  return [...addresses.filter((address) => !/^(data:|#)/.test(address)), ...styles];
}

/** A class's name, which no direction of writing and no translator changes. */
const bdi = (name: string) => `<bdi translate="no">${name}</bdi>`;

describe('renderReport', () => {
  const animals = ['bird', 'cat', 'dog'];
  const page = renderReport({
    title: 'keras-cnn on CIFAR-10',
    facts,
    evaluation: evaluated(animals),
    history,
    mistakes: [image, image],
  });

  it('says what it must', () => {
    for (const words of [
      '<h1>keras-cnn on CIFAR-10</h1>',
      '66.67<small>%</small>',
      '12 of 18 images correct in <b>cifar10/test</b>',
      '95% interval 43.75–83.72%',
      '4,200,842',
      '<dt>Seed</dt><dd>0</dd>',
      'SGD, learning rate 0.01',
      '18 min 32 s',
      'cifar10/test, 10,000 images, 0123456789ab<',
      `title="SHA-256 ${HASH}"`,
      'npx harrier train keras-cnn --seed 0',
      'validation <b>51.00%</b>',
      'validation 48.00%',
      'The 2 most confident mistakes',
      `true ${bdi('cat')} → <b>${bdi('dog')}</b> 98%`,
      'alt="cat, taken for dog"',
      'title="test #17"',
      `${bdi('bird')} ↔ ${bdi('cat')}`,
      'title="cat, taken for dog: 2 (33.3%)"',
      'expected calibration error',
    ]) {
      expect(page).toContain(words);
    }
  });

  it('says what people do on the classes of CIFAR-10, beside the model', () => {
    const cifar10 = [
      'airplane',
      'automobile',
      'bird',
      'cat',
      'deer',
      'dog',
      'frog',
      'horse',
      'ship',
      'truck',
    ];
    const evaluation = evaluated(cifar10);
    expect(evaluation.humanBaseline?.confusions).toEqual([
      { trueClass: 'deer', takenFor: 'horse', people: 0.043, model: 0 },
      { trueClass: 'cat', takenFor: 'dog', people: 0.042, model: 0 },
      { trueClass: 'dog', takenFor: 'cat', people: 0.034, model: 0 },
    ]);
    const withPeople = renderReport({ title: 'x', facts, evaluation });
    for (const words of [
      '95.24%',
      '99.21%',
      `${bdi('deer')} → ${bdi('horse')}`,
      'Human uncertainty makes classification',
    ]) {
      expect(withPeople).toContain(words);
      expect(page).not.toContain(words);
    }
    expect(evaluated([...cifar10].reverse()).humanBaseline).toBeUndefined();
  });

  it('tells what the temperature did', () => {
    const measures = { loss: 0.5, expectedCalibrationError: 0.0612 };
    const scaled = { images: 500, before: measures, after: { loss: 0.4, expectedCalibrationError: 0.0123 } };
    const temperatureScaling = { temperature: 1.4321, validation: scaled, judged: { ...scaled, images: 18 } };
    const told = renderReport({
      title: 'x',
      facts,
      evaluation: { ...evaluated(animals), temperatureScaling },
    });
    for (const words of ['1.432', 'fitted on 500 held-out images', '6.12%', '1.23%', '0.5000']) {
      expect(told).toContain(words);
    }
  });

  it('has one heading of the first rank, a language, and names for its drawings', () => {
    expect(page.match(/<h1/g)).toHaveLength(1);
    expect(page).toContain('<html lang="en">');
    for (const [svg] of page.matchAll(/<svg[^>]*>/g)) expect(svg).toMatch(/aria-(label|hidden)=/);
    for (const [image] of page.matchAll(/<img[^>]*>/g)) expect(image).toContain('alt=');
    for (const [head] of page.matchAll(/<th[ >][^>]*>?/g)) expect(head).toContain('scope=');
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of page.matchAll(/aria-labelledby="([^"]*)"/g)) expect(ids).toContain(id);
  });

  it('closes every element it opens', () => {
    const open: string[] = [];
    const empty = new Set(['meta', 'link', 'br', 'img']);
    const body = page.replace(/<style>[\s\S]*?<\/style>/, '').replace('<!doctype html>', '');
    for (const [, slash, name, self] of body.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*?(\/?)>/g)) {
      if (slash) expect(open.pop()).toBe(name);
      else if (!self && !empty.has(name)) open.push(name);
    }
    expect(open).toEqual([]);
  });

  it('needs nothing but itself', () => {
    expect(fetched(page)).toEqual([]);
    expect(page).not.toMatch(/<(script|iframe|object|embed|base|form)\b/i);
    expect(page).not.toMatch(/https?:\/\//);
    expect(page).toContain("default-src 'none'");
  });

  it('never prints NaN, undefined or an object', () => {
    expect(page).not.toMatch(/NaN|undefined|\[object|Infinity/);
  });

  it('escapes whatever comes from outside', () => {
    const bad = "\"><script>alert(1)</script><img src=x onerror='alert(1)'>&amp;";
    const hostile = renderReport({
      title: bad,
      facts: {
        ...facts,
        recipe: bad,
        optimizer: bad,
        hardware: bad,
        command: bad,
        versions: { [bad]: bad, harrier: bad },
        trainingData: { name: bad, images: 1, hash: bad },
        testData: { name: bad, images: 1, hash: bad },
      },
      extraFacts: [{ label: bad, value: bad, detail: bad }],
      evaluation: evaluated([bad, 'b', 'c']),
      mistakes: [{ ...image, trueClass: bad, predictedClass: bad, source: bad }],
    });
    expect(hostile).toContain('&quot;>&lt;script>alert(1)&lt;/script>');
    expect(hostile).not.toMatch(/<script/i);
    expect(hostile).not.toContain('<img src=x');
    // In the drawing for many classes too.
    const many = renderReport({ title: 'many', facts, evaluation: evaluated([bad, ...numbered(24)]) });
    expect(many).not.toMatch(/<script|<img src=x/i);
    expect(fetched(many)).toEqual([]);
  });

  it('refuses an image from elsewhere', () => {
    for (const uri of [
      'https://example.org/a.png',
      'cat.png',
      'data:text/html;base64,AA==',
      `${PIXEL}" onload="`,
    ]) {
      expect(() =>
        renderReport({ title: 't', facts, evaluation: evaluated(animals), mistakes: [{ ...image, uri }] }),
      ).toThrow('is not a data URI');
    }
  });

  it('shows certainty below 100% as such', () => {
    const shown = (probability: number) =>
      renderReport({
        title: 't',
        facts,
        evaluation: evaluated(animals),
        mistakes: [{ ...image, probability }],
      });
    expect(shown(0.9971)).toContain('</b> 99.7%');
    expect(shown(0.99999)).toContain('</b> >99.9%');
  });

  it('makes small images crisp, and leaves large ones smooth', () => {
    const large = { ...image, width: 160, height: 120 };
    const both = renderReport({
      title: 't',
      facts,
      evaluation: evaluated(animals),
      mistakes: [image, large],
    });
    expect(both.match(/class="crisp"/g)).toHaveLength(1);
  });

  it('does without history, images, facts and mistakes', () => {
    const right = evaluatePredictions({
      probabilities: new Float32Array([1, 0, 0, 1]),
      labels: [0, 1],
      classNames: ['a', 'b'],
    });
    const bare = renderReport({ title: 'bare', facts: { recipe: 'imported' }, evaluation: right });
    expect(bare).not.toContain('How it learned');
    expect(bare).not.toContain('most confident');
    expect(bare).not.toContain('Most confused classes');
    expect(bare).not.toMatch(/NaN|undefined|Infinity/);
    expect(bare).toContain('100.00<small>%</small>');
  });

  it('draws one epoch, a gap and a loss that became NaN', () => {
    const evaluation = evaluated(animals);
    const one = renderReport({ title: 'one', facts, evaluation, history: history.slice(0, 1) });
    expect(one).toContain('class="line-chart single"');
    const broken = [...history, { epoch: 4, loss: Number.NaN, accuracy: 0.1 }];
    const drawn = renderReport({ title: 'gap', facts, evaluation, history: broken });
    expect(drawn.replace(/<td class="numeric">NaN<\/td>/g, '')).not.toMatch(/NaN/);
  });

  it('draws accuracies that are all 100%, under a tick below them', () => {
    const right = evaluatePredictions({
      probabilities: new Float32Array([1, 0, 0, 1]),
      labels: [0, 1],
      classNames: ['a', 'b'],
    });
    const perfect = history.map((epoch) => ({ ...epoch, accuracy: 1, validationAccuracy: 1 }));
    const drawn = renderReport({ title: 'perfect', facts, evaluation: right, history: perfect });
    expect(drawn).not.toMatch(/NaN|undefined|Infinity/);
    const [accuracies] = /<h3>Accuracy<\/h3>.*?<\/figure>/s.exec(drawn)!;
    const ticks = [...accuracies.matchAll(/text-anchor="end"[^>]*>([^<]*)</g)].map(([, text]) => text);
    expect(ticks).toEqual(['80%', '100%']);
  });

  it('turns the matrix into a drawing when there are many classes, and keeps its size in bounds', () => {
    const hundred = renderReport({ title: 'many', facts, evaluation: evaluated(numbered(100)) });
    expect(hundred).toContain('class="matrix-drawing"');
    expect(hundred).toContain('The other 80 classes');
    // Only cells that hold something are drawn: hits, and one wrong column a row.
    expect(hundred.match(/<rect class="(right|wrong)"/g)).toHaveLength(200);
    expect(page).not.toContain('class="matrix-drawing"');
    const thousand = renderReport({ title: 'more', facts, evaluation: evaluated(numbered(1000), 3) });
    expect(thousand).toContain('too fine to draw');
  });
});

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `class ${i}`);
}

describe('ticks', () => {
  it('are round and span the values', () => {
    expect(niceTicks(0, 1.84, 6)).toEqual([0, 0.5, 1, 1.5, 2]);
    expect(niceTicks(0.32, 0.88, 6)).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    expect(niceTicks(5, 5, 6)[0]).toBeLessThanOrEqual(5);
  });

  it('name the first and last epoch, and none between twice', () => {
    expect(epochTicks(1, 1, 7)).toEqual([1]);
    expect(epochTicks(1, 3, 7)).toEqual([1, 2, 3]);
    expect(epochTicks(1, 30, 7)).toEqual([1, 5, 10, 15, 20, 25, 30]);
    expect(epochTicks(1, 101, 7)).toEqual([1, 20, 40, 60, 80, 101]);
  });

  it('shows how a last layer was fitted in place of epochs', () => {
    const evaluation = evaluated(['ant', 'bee']);
    const scores = [0.001, 0.01, 0.1].map((c, i) => ({ c, loss: 0.4 - 0.1 * i, accuracy: 0.8 + 0.05 * i }));
    const linear = { kind: 'linear', c: 0.01, folds: 5, scores };
    const page = renderReport({ title: 'x', facts, evaluation, history, fitted: linear });
    expect(page).not.toContain('How it learned');
    expect(page).toMatch(/How its last layer was fitted.*in 5 folds.*the smallest is taken: 0\.01\./s);
    expect(page).toContain('Accuracy over 3 values of C');
    expect(page).toMatch(/<title>C 0\.1\nheld-out images 90\.00%<\/title>/);
    for (const { loss } of scores) expect(page).toContain(`>${loss.toFixed(4)}<`);

    const heldOut = [0.9, 0.5, 0.6].map((loss) => ({ loss, accuracy: 1 - loss / 2 }));
    const mlp = { kind: 'mlp', epochs: 2, heldOut };
    const second = renderReport({ title: 'x', facts, evaluation, fitted: mlp });
    expect(second).toMatch(/lowest after 2 epochs/);
    expect(second).toContain('Loss over 3 epochs');
    expect(renderReport({ title: 'x', facts, evaluation, fitted: { kind: 'centroid' } })).not.toContain(
      'How its last layer was fitted',
    );
  });
});

describe('what a report says of thresholds, sets and unknown images', () => {
  const names = Array.from({ length: 14 }, (_, i) => `class ${i}`);
  const labels = Uint16Array.from({ length: 280 }, (_, i) => i % 14);
  const stream = random(1, 'report');
  const probabilities = Float32Array.from({ length: 280 * 14 }, (_, i) =>
    i % 14 === labels[Math.floor(i / 14)] ? 0.2 + stream.uniform() : stream.uniform() / 4,
  );
  for (let image = 0; image < 280; image++) {
    const own = probabilities.subarray(image * 14, (image + 1) * 14);
    const sum = own.reduce((all, each) => all + each, 0);
    own.forEach((each, i) => {
      own[i] = each / sum;
    });
  }
  const predictions = { probabilities, labels, classNames: names };
  const evaluation = {
    ...evaluatePredictions(predictions),
    predictionSets: coverageOfSets(PredictionSets.calibrate(predictions), predictions),
    rejection: evaluateRejection({ ...predictions, unknown: new Float32Array(280) }, { keep: 0.95 }),
  };
  const rankings = classRankings(predictions);
  const page = renderReport({ title: 'x', facts, evaluation, rankings });

  it('draws the curves of the twelve weakest classes and lists the others', () => {
    expect(page.match(/<figure class="ranking">/g)).toHaveLength(12);
    const weakest = rankings.reduce((a, b) => (a.averagePrecision! < b.averagePrecision! ? a : b));
    const [first] = page.split('<figure class="ranking">').slice(1);
    expect(first).toContain(
      `<b>${weakest.class}</b>average precision ${weakest.averagePrecision!.toFixed(3)}`,
    );
    expect(page).toContain('The other 2 classes');
    expect(first).not.toContain('NaN');
  });

  it('says how sets keep their promise, and how many known images are kept', () => {
    const [sets] = evaluation.predictionSets.coverages;
    expect(page).toContain('Which classes can it be?');
    expect(page).toContain(`>${formatPercent(sets.covered)}</td>`);
    expect(page).toContain('None of these: 100.00% of 280 known images are kept (98.65–100.00%), for 95%.');
  });

  it('leaves out what is not known', () => {
    const plain = renderReport({ title: 'x', facts, evaluation: evaluatePredictions(predictions) });
    for (const absent of ['at every threshold', 'Which classes can it be?', 'None of']) {
      expect(plain).not.toContain(absent);
    }
  });
});
