import { useEffect, useRef } from 'preact/hooks';
import './image.css';
import type { SheetPlace } from './image-grid.tsx';

interface Shared {
  /** What it shows, for who cannot see it. Empty where words beside it say so. */
  readonly alt: string;
  readonly class?: string;
}

export type ImageProps = Shared &
  (
    | {
        readonly src: string /** Pixels of its own, where known: small images are shown as squares. */;
        readonly pixelsWide?: number;
      }
    | {
        /** uint8 `[height, width, 3]`, or with 4 channels. */
        readonly pixels: Uint8Array | Uint8ClampedArray;
        readonly width: number;
        readonly height: number;
      }
  );

/** Below this many pixels across they are meant to be seen as squares, and not blurred into each other. */
const CRISP_BELOW = 100;

/** One image, as large as its place. */
export function ImageView(props: ImageProps) {
  if ('src' in props) {
    const crisp = props.pixelsWide !== undefined && props.pixelsWide < CRISP_BELOW;
    return (
      <img
        class={`image-view ${crisp ? 'crisp' : ''} ${props.class ?? ''}`}
        src={props.src}
        alt={props.alt}
      />
    );
  }
  return <PixelImage {...props} />;
}

export interface SheetImageProps extends Shared {
  readonly sheet: SheetPlace;
  /** Images in a row of the sheet. */
  readonly columns: number;
}

/** One image of a sheet of small images, as large as its place. */
export function SheetImage({ sheet, columns, alt, class: more }: SheetImageProps) {
  const rows = Math.ceil(sheet.count / columns);
  const fraction = (at: number, of: number): number => (of > 1 ? (100 * at) / (of - 1) : 0);
  return (
    <div
      class={`image-view crisp ${more ?? ''}`}
      role="img"
      aria-label={alt}
      style={{
        backgroundImage: `url("${sheet.url}")`,
        backgroundSize: `${100 * columns}% ${100 * rows}%`,
        backgroundPosition: `${fraction(sheet.place % columns, columns)}% ${fraction(Math.floor(sheet.place / columns), rows)}%`,
      }}
    />
  );
}

function PixelImage({ pixels, width, height, alt, class: more }: Extract<ImageProps, { pixels: unknown }>) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    canvas.current?.getContext('2d')?.putImageData(imageDataOf(pixels, width, height), 0, 0);
  }, [pixels, width, height]);
  const crisp = Math.max(width, height) < CRISP_BELOW;
  return (
    <canvas
      ref={canvas}
      width={width}
      height={height}
      class={`image-view ${crisp ? 'crisp' : ''} ${more ?? ''}`}
      role="img"
      aria-label={alt}
      aria-hidden={alt === '' || undefined}
    />
  );
}

/** Pixels as a canvas takes them: RGB gets its alpha. */
export function imageDataOf(
  pixels: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
): ImageData {
  const image = new ImageData(width, height);
  if (pixels.length === image.data.length) {
    image.data.set(pixels);
    return image;
  }
  for (let from = 0, to = 0; to < image.data.length; from += 3, to += 4) {
    image.data[to] = pixels[from];
    image.data[to + 1] = pixels[from + 1];
    image.data[to + 2] = pixels[from + 2];
    image.data[to + 3] = 255;
  }
  return image;
}
