import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';

/** A camera of this machine. */
export interface CameraDevice {
  readonly id: string;
  readonly label: string;
}

/** The camera that was chosen last, for every place that shows one. */
const chosen = signal<string | undefined>(undefined);

/** What the camera shows in a `<video ref={video} playsInline muted />`, from when the component appears. */
export function useCamera() {
  const wanted = chosen.value;
  const [devices, setDevices] = useState<readonly CameraDevice[]>([]);
  const [device, setDevice] = useState<string>();
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
          video: {
            ...(wanted === undefined ? { facingMode: 'environment' } : { deviceId: wanted }),
            width: { ideal: 640 },
            height: { ideal: 480 },
          },
        });
        if (gone) throw new DOMException('', 'AbortError');
        for (const track of stream.getVideoTracks()) {
          track.onended = () => {
            setReady(false);
            setError('The camera was switched off or unplugged.');
          };
        }
        const element = video.current!;
        element.srcObject = stream;
        await element.play();
        setReady(true);
        setDevice(stream.getVideoTracks()[0]?.getSettings().deviceId);
        // Their names can be had only once one of them may be used.
        setDevices(await cameras());
      } catch (reason) {
        for (const track of stream?.getTracks() ?? []) track.stop();
        if (!gone) setError(wordsFor(reason));
      }
    })();
    return () => {
      gone = true;
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
  }, [tries, wanted]);
  const choose = (id: string) => {
    chosen.value = id;
  };
  return { video, ready, error, again: () => setTries(tries + 1), devices, device, choose };
}

async function cameras(): Promise<CameraDevice[]> {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all
    .filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId !== '')
    .map(({ deviceId, label }, i) => ({ id: deviceId, label: label || `Camera ${i + 1}` }));
}

/** The square in the middle of what it shows at this moment; by default in its own pixels. */
export function squareOf(video: HTMLVideoElement, wanted?: number): OffscreenCanvas {
  const { videoWidth: width, videoHeight: height } = video;
  const own = Math.min(width, height);
  const side = wanted ?? own;
  const canvas = new OffscreenCanvas(side, side);
  canvas
    .getContext('2d', { willReadFrequently: true })!
    .drawImage(video, (width - own) / 2, (height - own) / 2, own, own, 0, 0, side, side);
  return canvas;
}

function wordsFor(reason: unknown): string {
  const name = reason instanceof Error ? reason.name : '';
  if (name === 'NotAllowedError')
    return 'This page may not use the camera. Allow it in the address bar of the browser, then try again.';
  if (name === 'NotFoundError' || name === 'OverconstrainedError')
    return 'No camera was found. Connect one, or add images as files.';
  if (name === 'NotReadableError')
    return 'The camera is in use by another program. Close that one, then try again.';
  if (name === 'NotSupportedError')
    return 'Browsers give the camera to secure pages alone: open Studio as http://localhost or over https. A phone can also take a photo where you choose files.';
  return `The camera does not start: ${reason instanceof Error ? reason.message : String(reason)}`;
}
