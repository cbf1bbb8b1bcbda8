import { Conv2D, Dense, Dropout, Flatten, firstImages, MaxPooling2D, Sequential } from 'harrier';
import { cifar10, nodeRuntime } from 'harrier/node';

const { train, test } = await cifar10(); // fetched once, then cached
const model = new Sequential({
  inputShape: [32, 32, 3],
  layers: [
    new Conv2D({ filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' }),
    new MaxPooling2D({ poolSize: 2 }),
    new Flatten(),
    new Dense({ units: 512, activation: 'relu' }),
    new Dropout({ rate: 0.3 }),
    new Dense({ units: 10, activation: 'softmax' }),
  ],
});
console.log(model.summary());
model.compile({ optimizer: 'adam', runtime: nodeRuntime() });
await model.fit(firstImages(train, 2000), { epochs: 1, batchSize: 32 });
console.log((await model.evaluate(test)).accuracy); // above 0.25, where guessing gives 0.10
console.log(await model.predict(firstImages(test, 3))); // 30 numbers: 3 rows of 10 probabilities
