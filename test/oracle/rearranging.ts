/** Operators that exchange channels and positions, keep a triangle, or pick the largest elements. */
import { at, build, normalizeAxis, number, type OracleOp, only, required, text } from './tensor.ts';

/** Every position of a block of the output takes the channel that its place in the block says. */
const depthToSpace: OracleOp = (inputs, attributes) => {
  only(attributes, 'mode', 'DCR', 'DCR', 'CRD');
  const x = required(inputs, 0);
  const block = number(attributes, 'blocksize');
  const channels = x.dims[1] / block ** 2;
  const depthFirst = text(attributes, 'mode', 'DCR') === 'DCR';
  return [
    build([x.dims[0], channels, x.dims[2] * block, x.dims[3] * block], ([n, c, row, column]) => {
      const place = (row % block) * block + (column % block);
      const channel = depthFirst ? place * channels + c : c * block ** 2 + place;
      return at(x, [n, channel, Math.floor(row / block), Math.floor(column / block)]);
    }),
  ];
};

const spaceToDepth: OracleOp = (inputs, attributes) => {
  const x = required(inputs, 0);
  const block = number(attributes, 'blocksize');
  const [images, channels, height, width] = x.dims;
  return [
    build([images, channels * block ** 2, height / block, width / block], ([n, channel, row, column]) => {
      const place = Math.floor(channel / channels);
      return at(x, [
        n,
        channel % channels,
        row * block + Math.floor(place / block),
        column * block + (place % block),
      ]);
    }),
  ];
};

/** Keeps what lies on the k-th diagonal or beyond it, above with `upper`, else below. */
const trilu: OracleOp = (inputs, attributes) => {
  const x = required(inputs, 0);
  const k = inputs[1]?.data[0] ?? 0;
  const upper = number(attributes, 'upper', 1) !== 0;
  return [
    build(x.dims, (position) => {
      const [row, column] = position.slice(-2);
      return (upper ? column - row >= k : column - row <= k) ? at(x, position) : 0;
    }),
  ];
};

/** The k largest or smallest along an axis, in order, and where they stood; of equals the first comes first. */
const topK: OracleOp = (inputs, attributes) => {
  const x = required(inputs, 0);
  const axis = normalizeAxis(number(attributes, 'axis', -1), x.dims.length);
  const sign = number(attributes, 'largest', 1) !== 0 ? -1 : 1;
  const dims = x.dims.with(axis, required(inputs, 1).data[0]);
  const ranked = (position: number[]): [value: number, index: number] => {
    const line = Array.from({ length: x.dims[axis] }, (_, i): [number, number] => [
      at(x, position.with(axis, i)),
      i,
    ]);
    return line.sort(([a, i], [b, j]) => sign * (a - b) || i - j)[position[axis]];
  };
  return [build(dims, (position) => ranked(position)[0]), build(dims, (position) => ranked(position)[1])];
};

export const rearranging: Record<string, OracleOp> = {
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Trilu: trilu,
  TopK: topK,
};
