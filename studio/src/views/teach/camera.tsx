import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Message } from '../../components/message.tsx';

/** Side of the pictures that are taken. */
const SIDE = 256;
/** Between two pictures while the button is held. */
const MILLISECONDS = 120;

/** What the camera shows, as a square; undefined until it does. */
export function useCamera() {
  const video = useRef<HTMLVideoElement>(null);
  const [ready, setReady] = useState(false);
  const [error, setError] = useState<string>();
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let stream: MediaStream | undefined;
    let gone = false;
    setError(undefined);
    setReady(false);
    void (async () => {
      try {
        if (!navigator.mediaDevices) throw new DOMException('', 'NotSupportedError');
        stream = await navigator.mediaDevices.getUserMedia({
          video: { facingMode: 'environment', width: { ideal: 640 }, height: { ideal: 480 } },
        });
        if (gone) throw new DOMException('', 'AbortError');
        const element = video.current!;
        element.srcObject = stream;
        await element.play();
        setReady(true);
      } catch (reason) {
        for (const track of stream?.getTracks() ?? []) track.stop();
        if (!gone) setError(wordsFor(reason));
      }
    })();
    return () => {
      gone = true;
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
  }, [tries]);
  /** The picture of this moment. */
  const take = (): Promise<Blob> => {
    const { videoWidth: width, videoHeight: height } = video.current!;
    const side = Math.min(width, height);
    const canvas = new OffscreenCanvas(SIDE, SIDE);
    canvas
      .getContext('2d')!
      .drawImage(video.current!, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIDE, SIDE);
    return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 });
  };
  return { video, ready, error, again: () => setTries(tries + 1), take };
}

function wordsFor(reason: unknown): string {
  const name = reason instanceof Error ? reason.name : '';
  if (name === 'NotAllowedError')
    return 'This page may not use the camera. Allow it in the address bar of the browser, then try again.';
  if (name === 'NotFoundError' || name === 'OverconstrainedError')
    return 'No camera was found. Connect one, or add pictures as files.';
  if (name === 'NotReadableError')
    return 'The camera is in use by another program. Close that one, then try again.';
  if (name === 'NotSupportedError')
    return 'Browsers give the camera to secure pages alone: open Studio as http://localhost or over https.';
  return `The camera does not start: ${reason instanceof Error ? reason.message : String(reason)}`;
}

interface RecorderProps {
  /** What is recorded. */
  readonly label: string;
  readonly onPicture: (picture: Blob, taken: Date) => void;
  readonly onClose: () => void;
}

/** Takes pictures for as long as its button is held. */
export function Recorder({ label, onPicture, onClose }: RecorderProps) {
  const { video, ready, error, again, take } = useCamera();
  const [recording, setRecording] = useState(false);
  const [count, setCount] = useState(0);
  const latest = useRef(onPicture);
  latest.current = onPicture;
  useEffect(() => {
    if (!recording) return;
    let held = true;
    void (async () => {
      while (held) {
        const started = performance.now();
        latest.current(await take(), new Date());
        setCount((before) => before + 1);
        await new Promise((resolve) =>
          setTimeout(resolve, Math.max(0, MILLISECONDS - (performance.now() - started))),
        );
      }
    })();
    return () => {
      held = false;
    };
  }, [recording]);
  if (error) {
    return (
      <Message kind="error" title="No camera" onRetry={again} onClose={onClose}>
        {error}
      </Message>
    );
  }
  return (
    <div class="recorder">
      <div class={`viewfinder ${recording ? 'recording' : ''}`}>
        <video ref={video} playsInline muted aria-label={`What the camera sees, for ${label}`} />
        {!ready && <span class="note">Starting the camera …</span>}
      </div>
      <div class="recorder-buttons">
        <Button
          kind="primary"
          disabled={!ready}
          aria-pressed={recording}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            setRecording(true);
          }}
          onPointerUp={() => setRecording(false)}
          onPointerCancel={() => setRecording(false)}
          onKeyDown={(event) => {
            if (event.key !== ' ' && event.key !== 'Enter') return;
            event.preventDefault();
            setRecording(true);
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
