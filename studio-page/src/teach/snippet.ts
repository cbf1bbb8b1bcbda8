/** A program in TypeScript that uses the downloaded model. */
export const SNIPPET = `import { readFile } from 'node:fs/promises';
import { Classifier } from 'harrier';
import { decodeImage, nodeRuntime } from 'harrier/node';

const model = await Classifier.load(nodeRuntime(), await readFile('model.onnx'));
const pixels = await decodeImage(await readFile('image.jpg'), model.imageShape);
const probabilities = await model.predict(pixels);
model.classNames.forEach((name, i) => console.log(name, probabilities[i].toFixed(3)));
await model.dispose();
`;

/** What it needs. */
export const INSTALL = 'npm install harrier';
