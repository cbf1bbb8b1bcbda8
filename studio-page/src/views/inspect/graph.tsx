import type { ImageShape } from 'harrier/src/data/dataset.ts';
import type { LayerFeatures, ModelLayer } from 'harrier/src/explanation/index.ts';
import { formatCount } from 'harrier/src/format/format.ts';
import { useMemo } from 'preact/hooks';
import { imageDataOf } from '../../components/image.tsx';
import { strengthOf } from './pixels.ts';
import { sizeText } from './shape.ts';

/** At the right of the blocks, for arcs. */
const ARCS = 50;
const HEIGHT = 56;
const GAP = 18;
const RIGHT = 330;
/** An image at the left of each block. */
const THUMB = 40;

export interface LayerGraphProps {
  readonly layers: readonly ModelLayer[];
  readonly imageShape: ImageShape;
  readonly selected: string;
  readonly onSelect: (name: string) => void;
  readonly features: ReadonlyMap<string, LayerFeatures> | undefined;
  /** Of the image, as the model takes it. */
  readonly pixels: Uint8Array | undefined;
}

/**
 * Layers from top to bottom, each below those that it takes from. What follows at once is joined by a straight line,
 * what leads past others by an arc at the right.
 */
export function LayerGraph({ layers, imageShape, selected, onSelect, features, pixels }: LayerGraphProps) {
  const { width, height } = imageShape;
  const rows = [
    {
      name: 'image',
      title: 'image',
      ops: '',
      size: `${height} × ${width} × 3`,
      parameters: 0,
      inputs: [] as readonly string[],
    },
    ...layers.map(({ name, ops, outputShape, parameters, inputs }) => ({
      name,
      title: name,
      ops: [...new Set(ops)].join(', '),
      size: sizeText(outputShape),
      parameters,
      inputs,
    })),
  ];
  const topOf = (row: number) => row * (HEIGHT + GAP) + 1;
  const rowOf = new Map(rows.map(({ name }, row) => [name, row]));
  const edges = rows.flatMap(({ inputs }, to) =>
    inputs.flatMap((input) => {
      const from = rowOf.get(input);
      return from === undefined ? [] : [{ from, to }];
    }),
  );
  const thumbs = useMemo(() => thumbnails(features, pixels, imageShape), [features, pixels]);
  const whole = topOf(rows.length) - GAP + 1;
  const wide = RIGHT + 2 + (edges.some(({ from, to }) => to !== from + 1) ? ARCS : 0);
  return (
    <svg
      class="layer-graph"
      viewBox={`0 0 ${wide} ${whole}`}
      aria-label="The layers of the model, first to last"
    >
      <g class="edges">
        {edges.map(({ from, to }) => (
          <path key={`${from} ${to}`} d={pathOf(from, to, topOf)} />
        ))}
      </g>
      {rows.map(({ name, title, ops, size, parameters }, row) => {
        const isImage = row === 0;
        const thumb = thumbs.get(name);
        const left = thumb ? THUMB + 18 : 14;
        const y = topOf(row);
        return (
          <g
            key={name}
            class={`block ${isImage ? 'image' : ''} ${name === selected ? 'selected' : ''}`}
            {...(!isImage && {
              role: 'button',
              tabindex: 0,
              'aria-pressed': name === selected,
              onClick: () => onSelect(name),
              onKeyDown: (event: KeyboardEvent) => {
                if (event.key !== 'Enter' && event.key !== ' ') return;
                event.preventDefault();
                onSelect(name);
              },
            })}
          >
            <rect x={1} y={y} width={RIGHT} height={HEIGHT} rx={9} />
            {thumb && (
              <image
                href={thumb}
                x={9}
                y={y + 8}
                width={THUMB}
                height={THUMB}
                preserveAspectRatio="xMidYMid meet"
              />
            )}
            {/* The spaces part what is read out. */}
            <text x={left} y={y + 23} class="name">
              {shortened(title, thumb ? 24 : 30)}
            </text>{' '}
            <text x={left} y={y + 42} class="what">
              {shortened(ops, thumb ? 20 : 26)}
            </text>{' '}
            <text x={RIGHT - 12} y={y + 23} class="size">
              {size}
            </text>{' '}
            {parameters > 0 && (
              <text x={RIGHT - 12} y={y + 42} class="what end">
                {formatCount(parameters)} weights
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}

function pathOf(from: number, to: number, topOf: (row: number) => number): string {
  if (to === from + 1) {
    const x = RIGHT / 2;
    return `M${x} ${topOf(from) + HEIGHT}V${topOf(to) - 2}m-4 -5l4 5l4 -5`;
  }
  const [y1, y2] = [topOf(from) + HEIGHT - 14, topOf(to) + 14];
  const out = RIGHT + Math.min(44, 14 + 5 * (to - from));
  return `M${RIGHT + 1} ${y1}C${out} ${y1} ${out} ${y1} ${out} ${y1 + 22}V${y2 - 22}C${out} ${y2} ${out} ${y2} ${RIGHT + 4} ${y2}m5 -4l-5 4l5 4`;
}

/** How strongly each layer answers in each place, as addresses of images; of the image the image itself. */
function thumbnails(
  features: ReadonlyMap<string, LayerFeatures> | undefined,
  pixels: Uint8Array | undefined,
  { width, height }: ImageShape,
): Map<string, string> {
  const thumbs = new Map<string, string>();
  if (pixels) thumbs.set('image', dataUrl(pixels, width, height));
  for (const [name, layer] of features ?? []) {
    if (layer.height * layer.width > 1)
      thumbs.set(name, dataUrl(strengthOf(layer), layer.width, layer.height));
  }
  return thumbs;
}

function dataUrl(pixels: Uint8Array | Uint8ClampedArray, width: number, height: number): string {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')!.putImageData(imageDataOf(pixels, width, height), 0, 0);
  return canvas.toDataURL();
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
