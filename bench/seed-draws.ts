/**
 * Trains keras-cnn for some epochs and writes down all that is random in it, so that PyTorch can do the same
 * (bench/peers/pytorch/train_seed.py --draws FOLDER): the two then differ in rounding alone.
 *
 *     npx tsx bench/seed-draws.ts FOLDER [--epochs 3] [--seed 1] [--threads 2]
 *
 * Prints one CSV line per epoch, as train_seed.py does: epoch, training loss, running training accuracy.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { random } from '../src/data/random.ts';
import { initialWeights } from '../src/models/index.ts';
import { optimizerFrom } from '../src/optimizers/index.ts';
import { cifar10, nodeRuntime } from '../src/platform/node/index.ts';
import { kerasCnn, networkOf } from '../src/recipes/index.ts';
import { Trainer } from '../src/training/index.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    epochs: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('name a folder to write to');
const seed = Number(values.seed);
const { batchSize, optimizer } = kerasCnn;
const { train } = await cifar10();
const network = networkOf(kerasCnn, { inputShape: [32, 32, 3], classes: 10 });
const weights = initialWeights(network.parameters, seed);
await mkdir(folder, { recursive: true });
for (const [name, values] of weights) {
  await writeFile(join(folder, `${name.replace('/', '-')}.bin`), new Uint8Array(values.slice().buffer));
}
const trainer = new Trainer({
  network,
  optimizer: optimizerFrom(optimizer),
  runtime: nodeRuntime({ threads: Number(values.threads) }),
  seed,
  weights,
});
const orders = createWriteStream(join(folder, 'orders.bin'));
const masks = createWriteStream(join(folder, 'masks.bin'));
process.stdout.write('epoch,train_loss,train_accuracy\n');
let step = 0;
for (let epoch = 0; epoch < Number(values.epochs); epoch++) {
  const order = random(seed, 'shuffle', epoch).permutation(train.size);
  orders.write(new Uint8Array(order.buffer));
  let [lossSum, correctSum] = [0, 0];
  for (let start = 0; start < train.size; start += batchSize) {
    const chosen = order.subarray(start, start + batchSize);
    const pixels = new Uint8Array(chosen.length * 32 * 32 * 3);
    train.gather(chosen, pixels);
    const targets = new Float32Array(chosen.length * 10);
    for (const [i, index] of chosen.entries()) targets[i * 10 + train.labels[index]] = 1;
    // As the trainer draws them.
    const stream = random(seed, 'dropout/mask', step);
    masks.write(Uint8Array.from({ length: chosen.length * 512 }, () => Number(stream.uniform() >= 0.3)));
    const { loss, correct } = await trainer.step(pixels, targets, step++, 0.01);
    lossSum += loss * chosen.length;
    correctSum += correct;
  }
  const row = [epoch + 1, (lossSum / train.size).toFixed(4), (correctSum / train.size).toFixed(4)];
  process.stdout.write(`${row.join(',')}\n`);
}
await trainer.dispose();
await Promise.all([orders, masks].map((stream) => finished(stream.end())));
