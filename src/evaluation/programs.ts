import type { ImageInput } from '../data/dataset.ts';
import { type Interpolation, STRETCHED } from '../data/preprocessing.ts';
import { UNKNOWN_FROM } from '../data/unknown.ts';

/** A model that other programs are to run. */
export interface ProgramOptions {
  readonly classNames: readonly string[];
  /** Where images have any number of labels: the probability of each from which an image counts as having it. */
  readonly thresholds?: readonly number[];
  /** Whether its output `unknown` tells images that show none of the classes. */
  readonly tellsUnknown?: boolean;
  /** What every image is brought to, and how. */
  readonly imageShape: ImageInput;
  /** The model's file, beside the program. Default `model.onnx`. */
  readonly model?: string;
  /** The image's file. Default `photo.jpg`. */
  readonly image?: string;
}

/** What a program says of an image that shows none of the classes. */
const NONE = 'none of the classes';

/** What `npm install` fetches for `nodeProgram`. */
export const NODE_PROGRAM_NEEDS = 'onnxruntime-node sharp';
/** What `pip install` fetches for `pythonProgram`. */
export const PYTHON_PROGRAM_NEEDS = 'onnxruntime pillow';

/**
 * A JavaScript module for Node that classifies an image with a model of Harrier's contract and without Harrier. Images
 * come to their size as `decodeImage` brings them there, but for a few grey levels.
 */
export function nodeProgram({
  classNames,
  thresholds,
  tellsUnknown = false,
  imageShape,
  model = 'model.onnx',
  image = 'photo.jpg',
}: ProgramOptions): string {
  const { height, width } = imageShape;
  return `import * as ort from 'onnxruntime-node';
import sharp from 'sharp';

const classes = ${listOf(classNames)};
${
  thresholds
    ? `const thresholds = ${numbersOf(thresholds)};
`
    : ''
}const session = await ort.InferenceSession.create('${model}');
const photo = sharp('${image}').rotate().flatten({ background: 'white' }).toColourspace('srgb');
const pixels = await photo${sharpResize(imageShape)}.raw().toBuffer();
const image = new ort.Tensor('uint8', new Uint8Array(pixels), [1, ${height}, ${width}, 3]);
const { probabilities${tellsUnknown ? ', unknown' : ''} } = await session.run({ image });
${
  thresholds
    ? `classes.forEach((label, i) => {
  if (probabilities.data[i] >= thresholds[i]) console.log(label, probabilities.data[i]);
});`
    : `const best = probabilities.data.indexOf(Math.max(...probabilities.data));
${
  tellsUnknown
    ? `if (unknown.data[0] > ${UNKNOWN_FROM}) console.log('${NONE}');
else `
    : ''
}console.log(classes[best], probabilities.data[best]);`
}
`;
}

/** The same in Python. */
export function pythonProgram({
  classNames,
  thresholds,
  tellsUnknown = false,
  imageShape,
  model = 'model.onnx',
  image = 'photo.jpg',
}: ProgramOptions): string {
  return `import io
import numpy as np, onnxruntime
from PIL import Image, ImageCms, ImageOps

classes = ${listOf(classNames)}
${
  thresholds
    ? `thresholds = ${numbersOf(thresholds)}
`
    : ''
}session = onnxruntime.InferenceSession("${model}")
photo = ImageOps.exif_transpose(Image.open("${image}"))
profile = photo.info.get("icc_profile")
if photo.mode.startswith("I;16"):
    photo = Image.fromarray((np.asarray(photo) / 257).round().astype(np.uint8))
elif profile and photo.mode in ("RGB", "RGBA", "CMYK"):
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    mode = photo.mode.replace("CMYK", "RGB")
    photo = ImageCms.profileToProfile(photo, source, ImageCms.createProfile("sRGB"), outputMode=mode)
photo = photo.convert("RGBA")
photo = Image.alpha_composite(Image.new("RGBA", photo.size, "white"), photo).convert("RGB")
photo = ${pillowResize(imageShape)}
${
  tellsUnknown ? 'probabilities, unknown' : '[probabilities]'
} = session.run(["probabilities"${tellsUnknown ? ', "unknown"' : ''}], {"image": np.asarray(photo)[None]})
${
  thresholds
    ? `for label, probability, threshold in zip(classes, probabilities[0], thresholds):
    if probability >= threshold:
        print(label, probability)`
    : `best = probabilities[0].argmax()
${
  tellsUnknown
    ? `if unknown[0] > ${UNKNOWN_FROM}:
    print("${NONE}")
else:
    `
    : ''
}print(classes[best], probabilities[0][best])`
}
`;
}

/** A page that classifies the image that its user chooses; any web host can serve it, beside the model. */
export function browserPage({
  classNames,
  thresholds,
  tellsUnknown = false,
  imageShape,
  model = 'model.onnx',
}: ProgramOptions): string {
  const { height, width } = imageShape;
  return `<!doctype html>
<meta charset="utf-8">
<input type="file" accept="image/*"> <output></output>
<script type="module">
import * as ort from '${BROWSER_RUNTIME}';
const classes = ${listOf(classNames).replaceAll('<', '\\u003c')};
${
  thresholds
    ? `const thresholds = ${numbersOf(thresholds)};
`
    : ''
}const session = await ort.InferenceSession.create('${model}');
document.querySelector('input').onchange = async ({ target }) => {
  const photo = await createImageBitmap(target.files[0]);
  const canvas = new OffscreenCanvas(${width}, ${height}).getContext('2d');
  Object.assign(canvas, { imageSmoothingQuality: 'high', fillStyle: '${paddingOf(imageShape)}' });
  canvas.fillRect(0, 0, ${width}, ${height});
  ${canvasDraw(imageShape)}
  const rgb = canvas.getImageData(0, 0, ${width}, ${height}).data.filter((_, i) => i % 4 < 3);
  const image = new ort.Tensor('uint8', new Uint8Array(rgb), [1, ${height}, ${width}, 3]);
  const { probabilities${tellsUnknown ? ', unknown' : ''} } = await session.run({ image });
  ${
    thresholds
      ? `const given = classes.filter((_, i) => probabilities.data[i] >= thresholds[i]);
  document.querySelector('output').value = given.join(', ') || 'no label';`
      : `const best = probabilities.data.indexOf(Math.max(...probabilities.data));
  document.querySelector('output').value = ${
    tellsUnknown ? `unknown.data[0] > ${UNKNOWN_FROM} ? '${NONE}' : ` : ''
  }\`\${classes[best]} \${probabilities.data[best]}\`;`
  }
};
</script>
`;
}

/** Where the page takes ONNX Runtime from. */
export const BROWSER_RUNTIME =
  'https://cdn.jsdelivr.net/npm/onnxruntime-web@1.30.0/dist/ort.wasm.bundle.min.mjs';

/** As JavaScript and Python both read it. */
const listOf = (names: readonly string[]): string => JSON.stringify(names).replaceAll('`', '\\u0060');

/** Thresholds with the digits that matter. */
const numbersOf = (values: readonly number[]): string =>
  JSON.stringify(values.map((value) => Number(value.toPrecision(6))));

/** sharp's names of the filters. */
const SHARP: Readonly<Record<Interpolation, string>> = {
  bilinear: 'linear',
  bicubic: 'cubic',
  lanczos3: 'lanczos3',
};
/** Pillow's. */
const PILLOW: Readonly<Record<Interpolation, string>> = {
  bilinear: 'BILINEAR',
  bicubic: 'BICUBIC',
  lanczos3: 'LANCZOS',
};

/** The size that an image is scaled to, and how far into it the model's own lies. */
function cropOf({ height, width, preprocessing = STRETCHED }: ImageInput) {
  const [wide, high] = [width, height].map((side) => Math.floor(side / preprocessing.cropFraction + 1e-6));
  return { wide, high, left: (wide - width) >> 1, top: (high - height) >> 1 };
}

function sharpResize({ height, width, preprocessing = STRETCHED }: ImageInput): string {
  const { resize, cropFraction, interpolation } = preprocessing;
  const kernel = interpolation === STRETCHED.interpolation ? '' : `, kernel: '${SHARP[interpolation]}'`;
  if (resize === 'stretch') return `.resize(${width}, ${height}, { fit: 'fill'${kernel} })`;
  if (resize === 'pad')
    return `.resize(${width}, ${height}, { fit: 'contain', background: 'black'${kernel} })`;
  const { wide, high, left, top } = cropOf({ height, width, channels: 3, preprocessing });
  const scaled = `.resize(${wide}, ${high}, { fit: 'cover'${kernel} })`;
  if (cropFraction === 1) return scaled;
  return `${scaled}.extract({ left: ${left}, top: ${top}, width: ${width}, height: ${height} })`;
}

function pillowResize({ height, width, preprocessing = STRETCHED }: ImageInput): string {
  const { resize, cropFraction, interpolation } = preprocessing;
  const filter = `Image.Resampling.${PILLOW[interpolation]}`;
  if (resize === 'stretch') return `photo.resize((${width}, ${height}), ${filter})`;
  if (resize === 'pad') return `ImageOps.pad(photo, (${width}, ${height}), ${filter})`;
  const { wide, high, left, top } = cropOf({ height, width, channels: 3, preprocessing });
  const scaled = `ImageOps.fit(photo, (${wide}, ${high}), ${filter})`;
  return cropFraction === 1 ? scaled : `${scaled}.crop((${left}, ${top}, ${left + width}, ${top + height}))`;
}

/** Transparent parts show white; the edges of a padded image are black, and its place is made white before it is drawn. */
function paddingOf({ preprocessing = STRETCHED }: ImageInput): string {
  return preprocessing.resize === 'pad' ? 'black' : 'white';
}

function canvasDraw({ height, width, preprocessing = STRETCHED }: ImageInput): string {
  const { resize } = preprocessing;
  if (resize === 'stretch') return `canvas.drawImage(photo, 0, 0, ${width}, ${height});`;
  const { wide, high } = cropOf({ height, width, channels: 3, preprocessing });
  const [extreme, w, h] = resize === 'crop' ? ['max', wide, high] : ['min', width, height];
  const scale = `const scale = Math.${extreme}(${w} / photo.width, ${h} / photo.height);`;
  if (resize === 'crop') {
    return `${scale}
  const [w, h] = [scale * photo.width, scale * photo.height];
  canvas.drawImage(photo, (${width} - w) / 2, (${height} - h) / 2, w, h);`;
  }
  return `${scale}
  const [w, h] = [Math.round(scale * photo.width), Math.round(scale * photo.height)];
  const place = [(${width} - w) >> 1, (${height} - h) >> 1, w, h];
  canvas.fillStyle = 'white';
  canvas.fillRect(...place);
  canvas.drawImage(photo, ...place);`;
}
