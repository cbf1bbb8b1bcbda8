import { useEffect, useRef, useState } from 'preact/hooks';
import { squareOf, useCamera } from '../../camera.ts';
import { Button } from '../../components/button.tsx';
import { CameraChoice } from '../../components/camera-choice.tsx';
import { Message } from '../../components/message.tsx';
import { newId } from '../../new-id.ts';

/** Side of the images that are taken. */
const SIDE = 256;
/** Between two images while the button is held. */
const MILLISECONDS = 120;

/** The image of this moment. */
export function imageOf(video: HTMLVideoElement): Promise<Blob> {
  return squareOf(video, SIDE).convertToBlob({ type: 'image/jpeg', quality: 0.92 });
}

type Camera = ReturnType<typeof useCamera>;

/** Why there is no camera, and what to do. */
export function NoCamera({ camera, onClose }: { readonly camera: Camera; readonly onClose: () => void }) {
  return (
    <Message kind="error" title="No camera" onRetry={camera.again} onClose={onClose}>
      {camera.error}
    </Message>
  );
}

interface ViewfinderProps {
  readonly camera: Camera;
  readonly label: string;
  readonly recording?: boolean;
}

/** What the camera sees. */
export function Viewfinder({ camera, label, recording = false }: ViewfinderProps) {
  return (
    <>
      <div class={`viewfinder ${recording ? 'recording' : ''}`}>
        <video ref={camera.video} playsInline muted aria-label={label} />
        {!camera.ready && <span class="note">Starting the camera …</span>}
      </div>
      <CameraChoice {...camera} />
    </>
  );
}

interface RecorderProps {
  /** What is recorded. */
  readonly label: string;
  /** @param burst the same for all images of one press of the button */
  readonly onImage: (image: Blob, taken: Date, burst: string) => void;
  readonly onClose: () => void;
}

/** Takes images for as long as its button is held. */
export function Recorder({ label, onImage, onClose }: RecorderProps) {
  const camera = useCamera();
  const { video, ready } = camera;
  const [recording, setRecording] = useState(false);
  const [count, setCount] = useState(0);
  const latest = useRef(onImage);
  latest.current = onImage;
  /** Images of the newest press. */
  const taken = useRef(0);
  const take = async (burst: string) => {
    if (!video.current) return;
    taken.current++;
    latest.current(await imageOf(video.current), new Date(), burst);
    setCount((before) => before + 1);
  };
  const press = () => {
    taken.current = 0;
    setRecording(true);
  };
  useEffect(() => {
    if (!recording) return;
    let held = true;
    const burst = newId();
    void (async () => {
      while (held && video.current) {
        const started = performance.now();
        await take(burst);
        await new Promise((resolve) =>
          setTimeout(resolve, Math.max(0, MILLISECONDS - (performance.now() - started))),
        );
      }
    })();
    return () => {
      held = false;
    };
  }, [recording]);
  // Its button is gone and says no more when it is let go.
  useEffect(() => void (camera.error && setRecording(false)), [camera.error]);
  if (camera.error) return <NoCamera camera={camera} onClose={onClose} />;
  return (
    <div class="recorder">
      <Viewfinder camera={camera} label={`What the camera sees, for ${label}`} recording={recording} />
      <div class="recorder-buttons">
        <Button
          kind="primary"
          disabled={!ready}
          aria-pressed={recording}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            press();
          }}
          onPointerUp={() => setRecording(false)}
          // A screen reader, a switch or a voice presses without holding: that is one image.
          onClick={() => {
            if (taken.current === 0) void take(newId());
            taken.current = 0;
          }}
          onPointerCancel={() => setRecording(false)}
          onKeyDown={(event) => {
            if (event.key !== ' ' && event.key !== 'Enter') return;
            event.preventDefault();
            if (!event.repeat) press();
          }}
          onKeyUp={() => setRecording(false)}
          onBlur={() => setRecording(false)}
        >
          {recording ? `Recording … ${count}` : 'Hold to record'}
        </Button>
        <Button kind="quiet" onClick={onClose}>
          Done
        </Button>
      </div>
    </div>
  );
}
