import type { ImageShape } from 'harrier/src/data/dataset.ts';
import { scaler } from 'harrier/src/data/scaling.ts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Message } from '../../components/message.tsx';
import type { Answer } from '../../inference/protocol.ts';
import { Heat, HeatControls } from './explained.tsx';

export interface CameraProps {
  readonly shape: ImageShape | undefined;
  /** A frame is being judged: the next waits. */
  readonly busy: boolean;
  readonly answer: Answer | undefined;
  /** uint8 `[height, width, 3]` */
  readonly onFrame: (pixels: Uint8Array) => void;
  readonly onPicture: (blob: Blob, name: string) => void;
  readonly onClose: () => void;
}

/** The square in the middle of what the camera sees, one frame after another, as fast as the model judges them. */
export function Camera({ shape, busy, answer, onFrame, onPicture, onClose }: CameraProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [error, setError] = useState<string>();
  const [running, setRunning] = useState(false);
  const [opacity, setOpacity] = useState(0.7);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let gone = false;
    let stream: MediaStream | undefined;
    setError(undefined);
    openCamera().then(
      (opened) => {
        stream = opened;
        if (gone || !video.current) stop(stream);
        else {
          video.current.srcObject = stream;
          for (const track of stream.getVideoTracks()) {
            track.onended = () => setError('The camera was switched off or unplugged.');
          }
        }
      },
      (reason: unknown) => {
        if (!gone) setError(sentenceFor(reason));
      },
    );
    return () => {
      gone = true;
      stop(stream);
    };
  }, [tries]);
  useEffect(() => {
    if (!shape || !running || busy || error !== undefined) return;
    const request = requestAnimationFrame(() => {
      if (video.current) onFrame(squareOf(video.current, shape));
    });
    return () => cancelAnimationFrame(request);
  }, [shape, running, busy, answer, error]);
  const keep = () => {
    const canvas = drawSquare(
      video.current!,
      Math.min(video.current!.videoWidth, video.current!.videoHeight),
    );
    canvas.toBlob((blob) => blob && onPicture(blob, 'camera.png'), 'image/png');
  };
  if (error !== undefined) {
    return (
      <Message
        kind="error"
        title="The camera cannot be used"
        onRetry={() => setTries(tries + 1)}
        onClose={onClose}
      >
        {error}
      </Message>
    );
  }
  return (
    <figure class="explained">
      <div class="stage square">
        {/* No sound, and what is seen is said by the classes beside it. */}
        <video
          ref={video}
          autoplay
          playsinline
          muted
          onPlaying={() => setRunning(true)}
          aria-label="Camera"
        />
        {running && answer?.map && <Heat map={answer.map} size={{ width: 1, height: 1 }} opacity={opacity} />}
      </div>
      <HeatControls opacity={opacity} onOpacity={setOpacity} />
      <div class="row">
        <Button kind="primary" icon="camera" disabled={!running} onClick={keep}>
          Keep this picture
        </Button>
        <Button icon="stop" onClick={onClose}>
          Stop the camera
        </Button>
      </div>
    </figure>
  );
}

async function openCamera(): Promise<MediaStream> {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new DOMException('no camera here', 'NotSupportedError');
  }
  return navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: { ideal: 'environment' } },
  });
}

function stop(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** In the model's size, scaled as files are. */
function squareOf(video: HTMLVideoElement, shape: ImageShape): Uint8Array {
  const side = Math.min(video.videoWidth, video.videoHeight);
  const scaled = scaler({ width: side, height: side }, shape);
  scaled.add(drawSquare(video, side).getContext('2d')!.getImageData(0, 0, side, side).data);
  return scaled.finish();
}

function drawSquare(video: HTMLVideoElement, side: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = side;
  canvas.height = side;
  const [left, top] = [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2];
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.drawImage(video, left, top, side, side, 0, 0, side, side);
  return canvas;
}

/** What browsers say by names alone. */
function sentenceFor(reason: unknown): string {
  const name = reason instanceof DOMException ? reason.name : '';
  if (name === 'NotAllowedError') {
    return 'This page may not use it. Allow the camera in the browser’s address bar, then try again.';
  }
  if (name === 'NotFoundError') return 'There is none on this device. Drop a picture instead.';
  if (name === 'NotReadableError') return 'Another program uses it. Close that, then try again.';
  if (name === 'NotSupportedError') {
    return 'Browsers give it to pages on this machine and to https addresses alone. Open Studio as http://localhost.';
  }
  return reason instanceof Error ? reason.message : String(reason);
}
