import { writeFile } from 'node:fs/promises';
import { Classifier } from 'harrier';
import { loadBackbone, openDataset } from 'harrier/node';

const [network = 'efficientnet-lite0', photos = 'photos', file = 'photos.onnx'] = process.argv.slice(2);

const backbone = await loadBackbone(network); // fetched once, then cached
const { height, preprocessing } = backbone.imageShape;
const { train, test } = await openDataset(photos, { imageSize: height, preprocessing });

const classifier = new Classifier({ backbone, head: 'linear' }); // or 'mlp', 'centroid'
const { heldOutAccuracy } = await classifier.fit(train);
console.log(heldOutAccuracy); // by cross-validation on the training photos

console.log((await classifier.evaluate(test)).accuracy);
await writeFile(file, classifier.toOnnx()); // pixels in, probabilities out, for any ONNX Runtime
