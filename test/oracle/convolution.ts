/** Conv and ConvTranspose over images [N, C, H, W], as the nested loops of their definition. */
import {
  filled,
  number,
  numbers,
  type OracleOp,
  type OracleTensor,
  offsetOf,
  only,
  required,
} from './tensor.ts';
import { windowOver } from './window.ts';

/**
 * y[n, m, oh, ow] = b[m] + Σ over (c, kh, kw) of x[n, c', oh·s − p + kh·d, …] · w[m, c, kh, kw]
 * where c runs over the input channels of m's group, c' is that channel in x, and what lies outside x is 0.
 */
function convolve(
  x: OracleTensor,
  w: OracleTensor,
  bias: OracleTensor | undefined,
  attributes: Parameters<OracleOp>[1],
): OracleTensor {
  const [batch, channels, height, width] = x.dims;
  const [outChannels, channelsPerGroup, kernelHeight, kernelWidth] = w.dims;
  const groups = number(attributes, 'group', 1);
  if (channels !== channelsPerGroup * groups || outChannels % groups !== 0)
    throw new RangeError(`Conv of [${x.dims}] with [${w.dims}] in ${groups} groups`);
  const slide = windowOver(attributes, [height, width], [kernelHeight, kernelWidth]);
  const [outHeight, outWidth] = slide.output;
  const [strideDown, strideRight] = slide.strides;
  const [top, left] = slide.begin;
  const [apartDown, apartRight] = slide.dilations;
  const y = filled([batch, outChannels, outHeight, outWidth], 0);
  let output = 0;
  for (let n = 0; n < batch; n++)
    for (let m = 0; m < outChannels; m++) {
      const group = Math.floor(m / (outChannels / groups));
      for (let oh = 0; oh < outHeight; oh++)
        for (let ow = 0; ow < outWidth; ow++) {
          let sum = bias ? bias.data[m] : 0;
          for (let c = 0; c < channelsPerGroup; c++) {
            // Offsets are counted here: whole networks are differentiated by these loops.
            const plane = (n * channels + group * channelsPerGroup + c) * height;
            const kernel = (m * channelsPerGroup + c) * kernelHeight;
            for (let kh = 0; kh < kernelHeight; kh++)
              for (let kw = 0; kw < kernelWidth; kw++) {
                const h = oh * strideDown - top + kh * apartDown;
                const v = ow * strideRight - left + kw * apartRight;
                if (h < 0 || h >= height || v < 0 || v >= width) continue;
                sum += x.data[(plane + h) * width + v] * w.data[(kernel + kh) * kernelWidth + kw];
              }
          }
          y.data[output++] = sum;
        }
    }
  return y;
}

/**
 * The transpose of Conv as a linear map: every x[n, c, ih, iw] is laid down, times w[c, m, kh, kw], at
 * y[n, m', ih·s − p + kh·d, …], where m' is output m of c's group. The output has
 * s·(in − 1) + output_padding + (k − 1)·d + 1 − pads rows.
 */
function convolveTransposed(
  x: OracleTensor,
  w: OracleTensor,
  bias: OracleTensor | undefined,
  attributes: Parameters<OracleOp>[1],
): OracleTensor {
  only(attributes, 'auto_pad', 'NOTSET', 'NOTSET');
  if (attributes.output_shape) throw new RangeError('the oracle does not implement output_shape');
  const [batch, channels, height, width] = x.dims;
  const [, outPerGroup, kernelHeight, kernelWidth] = w.dims;
  const groups = number(attributes, 'group', 1);
  const strides = numbers(attributes, 'strides', [1, 1]);
  const dilations = numbers(attributes, 'dilations', [1, 1]);
  const pads = numbers(attributes, 'pads', [0, 0, 0, 0]);
  const extra = numbers(attributes, 'output_padding', [0, 0]);
  const outSize = (i: number): number =>
    strides[i] * (x.dims[2 + i] - 1) +
    extra[i] +
    (w.dims[2 + i] - 1) * dilations[i] +
    1 -
    pads[i] -
    pads[2 + i];
  const y = filled([batch, outPerGroup * groups, outSize(0), outSize(1)], 0);
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < channels; c++) {
      const group = Math.floor(c / (channels / groups));
      for (let ih = 0; ih < height; ih++)
        for (let iw = 0; iw < width; iw++)
          for (let m = 0; m < outPerGroup; m++)
            for (let kh = 0; kh < kernelHeight; kh++)
              for (let kw = 0; kw < kernelWidth; kw++) {
                const h = ih * strides[0] - pads[0] + kh * dilations[0];
                const v = iw * strides[1] - pads[1] + kw * dilations[1];
                if (h < 0 || h >= y.dims[2] || v < 0 || v >= y.dims[3]) continue;
                const target = offsetOf([n, group * outPerGroup + m, h, v], y.dims);
                y.data[target] +=
                  x.data[offsetOf([n, c, ih, iw], x.dims)] * w.data[offsetOf([c, m, kh, kw], w.dims)];
              }
    }
  if (bias) {
    const plane = y.dims[2] * y.dims[3];
    for (let i = 0; i < y.data.length; i++) y.data[i] += bias.data[Math.floor(i / plane) % y.dims[1]];
  }
  return y;
}

export const convolution: Record<string, OracleOp> = {
  Conv: (inputs, attributes) => [convolve(required(inputs, 0), required(inputs, 1), inputs[2], attributes)],
  ConvTranspose: (inputs, attributes) => [
    convolveTransposed(required(inputs, 0), required(inputs, 1), inputs[2], attributes),
  ],
};
