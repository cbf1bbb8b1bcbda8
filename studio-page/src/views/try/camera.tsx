import type { ImageInput } from 'harrier/src/data/dataset.ts';
import { scalerFor } from 'harrier/src/platform/resizer.ts';
import { useEffect, useState } from 'preact/hooks';
import { squareOf, useCamera } from '../../camera.ts';
import { Button } from '../../components/button.tsx';
import { CameraChoice } from '../../components/camera-choice.tsx';
import { Message } from '../../components/message.tsx';
import type { Answer } from '../../inference/protocol.ts';
import { Heat, HeatControls } from './explained.tsx';

export interface CameraProps {
  readonly shape: ImageInput | undefined;
  /** A frame is being evaluated: the next waits. */
  readonly busy: boolean;
  readonly answer: Answer | undefined;
  /** uint8 `[height, width, 3]` */
  readonly onFrame: (pixels: Uint8Array) => void;
  readonly onImage: (blob: Blob, name: string) => void;
  readonly onClose: () => void;
}

/** The square in the middle of what the camera sees, one frame after another, as fast as the model evaluates them. */
export function Camera({ shape, busy, answer, onFrame, onImage, onClose }: CameraProps) {
  const { video, ready, error, again, ...choice } = useCamera();
  const [opacity, setOpacity] = useState(0.7);
  useEffect(() => {
    if (!shape || !ready || busy || error !== undefined) return;
    const request = requestAnimationFrame(() => {
      if (video.current) onFrame(frameOf(video.current, shape));
    });
    return () => cancelAnimationFrame(request);
  }, [shape, ready, busy, answer, error]);
  const keep = async () => onImage(await squareOf(video.current!).convertToBlob(), 'camera.png');
  if (error !== undefined) {
    return (
      <Message kind="error" title="The camera cannot be used" onRetry={again} onClose={onClose}>
        {error}
      </Message>
    );
  }
  return (
    <figure class="explained">
      <div class="stage square">
        {/* No sound, and what is seen is said by the classes beside it. */}
        <video ref={video} playsInline muted aria-label="Camera" />
        {ready && answer?.map && <Heat map={answer.map} size={SQUARE} seen={shape} opacity={opacity} />}
      </div>
      <HeatControls opacity={opacity} onOpacity={setOpacity} />
      <CameraChoice {...choice} />
      <div class="row">
        <Button kind="primary" icon="camera" disabled={!ready} onClick={keep}>
          Keep this image
        </Button>
        <Button icon="stop" onClick={onClose}>
          Stop the camera
        </Button>
      </div>
    </figure>
  );
}

const SQUARE = { width: 1, height: 1 };

/** In the model's size, scaled as files are. */
function frameOf(video: HTMLVideoElement, shape: ImageInput): Uint8Array {
  const square = squareOf(video);
  const { width: side } = square;
  const scaled = scalerFor({ width: side, height: side }, shape);
  scaled.add(square.getContext('2d')!.getImageData(0, 0, side, side).data);
  return scaled.finish();
}
