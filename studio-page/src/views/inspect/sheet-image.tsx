import { useEffect, useRef } from 'preact/hooks';
import { imageDataOf } from '../../components/image.tsx';
import type { Sheet } from './pixels.ts';

/** A sheet of small images, every pixel a square. */
export function SheetImage(props: {
  readonly sheet: Sheet;
  readonly label: string;
  readonly small?: boolean;
}) {
  const { sheet, label, small } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    canvas.current
      ?.getContext('2d')
      ?.putImageData(imageDataOf(sheet.pixels, sheet.width, sheet.height), 0, 0);
  }, [sheet]);
  return (
    <canvas
      ref={canvas}
      class="sheet crisp"
      width={sheet.width}
      height={sheet.height}
      style={{ maxWidth: `${sheet.columns * (small ? 44 : 96)}px` }}
      role="img"
      aria-label={label}
    />
  );
}
