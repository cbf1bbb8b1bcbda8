import type { ImageInput } from 'harrier/src/data/dataset.ts';
import { seenPart } from 'harrier/src/data/placement.ts';
import { heatColour } from 'harrier/src/explanation/color-map.ts';
import { heatLayer } from 'harrier/src/explanation/overlay.ts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Slider } from '../../components/field.tsx';
import type { Answer } from '../../inference/protocol.ts';

/** Pixels along the longer side of a map's drawing: it is smooth, and enlarged by the browser. */
const DETAIL = 256;
/** Below this many pixels across, images are shown as the squares that the model sees. */
const CRISP_BELOW = 100;

export interface ExplainedProps {
  readonly url: string;
  readonly alt: string;
  readonly map: Answer['map'];
  /** How the model sees images. */
  readonly seen: ImageInput | undefined;
}

/** An image, with what counted laid over it as far as the slider says. */
export function Explained({ url, alt, map, seen }: ExplainedProps) {
  const [size, setSize] = useState<{ width: number; height: number }>();
  const [failed, setFailed] = useState(false);
  const [opacity, setOpacity] = useState(0.7);
  if (failed) return null;
  return (
    <figure class="explained">
      {/* As high as the window leaves room for. */}
      <div
        class="stage"
        style={size && { width: `min(100%, ${((62 * size.width) / size.height).toFixed(2)}vh)` }}
      >
        <img
          src={url}
          alt={alt}
          class={size && Math.max(size.width, size.height) < CRISP_BELOW ? 'crisp' : ''}
          onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) =>
            setSize({ width, height })
          }
          onError={() => setFailed(true)}
        />
        {map && size && <Heat map={map} size={size} seen={seen} opacity={opacity} />}
      </div>
      {map && map.peak > 0 && <HeatControls opacity={opacity} onOpacity={setOpacity} />}
    </figure>
  );
}

export function HeatControls(props: {
  readonly opacity: number;
  readonly onOpacity: (opacity: number) => void;
}) {
  const { opacity, onOpacity } = props;
  return (
    <figcaption class="heat-controls">
      <Slider
        label="What counted"
        value={opacity}
        onValue={onOpacity}
        minimum={0}
        maximum={1}
        step={0.05}
        format={(value) => (value === 0 ? 'hidden' : `${Math.round(100 * value)}%`)}
      />
      <p class="heat-scale" aria-hidden="true">
        little <i style={{ background: SCALE }} /> most
      </p>
    </figcaption>
  );
}

const SCALE = `linear-gradient(to right, ${Array.from(
  { length: 9 },
  (_, i) =>
    `rgb(${heatColour(i / 8)
      .map(Math.round)
      .join(' ')})`,
).join(', ')})`;

export function Heat(props: {
  readonly map: NonNullable<Answer['map']>;
  readonly size: { readonly width: number; readonly height: number };
  /** How the model sees images; absent: it saw all that is shown. */
  readonly seen?: ImageInput;
  readonly opacity: number;
}) {
  const { map, size, seen, opacity } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const scale = DETAIL / Math.max(size.width, size.height);
  const width = Math.max(1, Math.round(size.width * scale));
  const height = Math.max(1, Math.round(size.height * scale));
  useEffect(() => {
    const image = new ImageData(width, height);
    const part = seen && seenPart(size, seen);
    image.data.set(heatLayer(map, { width, height }, { opacity: 1, part }));
    canvas.current?.getContext('2d')?.putImageData(image, 0, 0);
  }, [map, width, height, seen]);
  return (
    <canvas
      ref={canvas}
      class="heat"
      width={width}
      height={height}
      style={{ opacity }}
      role="img"
      aria-label="Where in the image the class was found"
    />
  );
}
