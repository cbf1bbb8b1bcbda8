import { formatPercent } from 'harrier/src/format/format.ts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useCamera } from '../../camera.ts';
import { Bars } from '../../components/bars.tsx';
import { Button } from '../../components/button.tsx';
import { Dropzone } from '../../components/dropzone.tsx';
import { Message } from '../../components/message.tsx';
import { Panel } from '../../components/panel.tsx';
import { useDrop } from '../../components/use-drop.ts';
import type { DroppedFile } from '../../dropped.ts';
import { isArchive } from '../../teach/open-project.ts';
import type { Taught } from '../../teach/taught.ts';
import { ask } from '../../teach/tools.ts';
import { imageOf, NoCamera, Viewfinder } from './camera.tsx';

interface Verdict {
  readonly probabilities: Float32Array;
  /** Whether the image shows none of the classes, where the model tells. */
  readonly isUnknown?: boolean;
  readonly milliseconds: number;
}

/** Asks the taught model about an image, or about what the camera sees. */
export function TryPanel({
  taught: { outcome, model },
  onOthers,
}: {
  readonly taught: Taught;
  /** Takes what is dropped here and is no image to try. */
  readonly onOthers: (files: readonly DroppedFile[]) => Promise<void>;
}) {
  const [verdict, setVerdict] = useState<Verdict>();
  const [image, setImage] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [live, setLive] = useState(false);
  const loaded = useRef<Promise<unknown>>(Promise.resolve());
  // The image that was asked about last: a large one may be answered after a small one that came later.
  const asked = useRef(0);
  useEffect(() => {
    asked.current++;
    loaded.current = ask('load', model);
    loaded.current.catch(setError);
    setVerdict(undefined);
    setImage(undefined);
  }, [model]);
  useEffect(() => () => void (image && URL.revokeObjectURL(image)), [image]);
  const look = async (blob: Blob, name: string): Promise<void> => {
    const own = ++asked.current;
    try {
      await loaded.current;
      const said = await ask('classify', blob, name);
      if (own !== asked.current) return;
      setVerdict(said);
      setError(undefined);
    } catch (reason) {
      if (own !== asked.current) return;
      setVerdict(undefined);
      setImage(undefined);
      setError(reason);
    }
  };
  const turn = (on: boolean): void => {
    asked.current++;
    setLive(on);
    setVerdict(undefined);
    setImage(undefined);
  };
  const tryFile = (file: File): void => {
    turn(false);
    setImage(URL.createObjectURL(file));
    void look(file, file.name);
  };
  const { handlers } = useDrop(false, (files) => {
    const [first, ...others] = files;
    if (!first) return;
    // Folders become classes and projects are opened wherever they are dropped.
    if (others.length === 0 && !first.path.includes('/') && !isArchive(first.file.name)) {
      tryFile(first.file);
    } else void onOthers(files);
  });
  return (
    <Panel
      title="Try"
      class="try-panel"
      drop={handlers}
      aside={
        <Button kind="quiet" icon={live ? 'stop' : 'camera'} onClick={() => turn(!live)}>
          {live ? 'Camera off' : 'Webcam'}
        </Button>
      }
    >
      <div class="try-body">
        {live ? (
          <Live onImage={(blob) => look(blob, 'webcam')} onClose={() => turn(false)} />
        ) : (
          <>
            {image && <img class="tried" src={image} alt="The one that was tried" />}
            <Dropzone
              compact={image !== undefined}
              title={image ? 'Another image' : 'Drop an image that it has not seen'}
              onFiles={([file]) => tryFile(file)}
            />
          </>
        )}
        {error !== undefined && <Message error={error} onClose={() => setError(undefined)} />}
        {verdict && (
          <div class="verdict" role={live ? undefined : 'status'}>
            {verdict.isUnknown && (
              <p>
                <b>None of the classes.</b> The image is unlike those that you gave. The nearest:
              </p>
            )}
            <Bars
              label="How likely each class is"
              most={1}
              bars={outcome.classNames
                .map((name, i) => ({ name, fraction: verdict.probabilities[i] }))
                .map(({ name, fraction }) => ({
                  id: name,
                  label: name,
                  value: fraction,
                  text: formatPercent(fraction),
                  kind:
                    fraction === Math.max(...verdict.probabilities) && !verdict.isUnknown
                      ? ('right' as const)
                      : ('other' as const),
                }))}
            />
            <p class="note">{Math.max(1, Math.round(verdict.milliseconds))} ms in this page</p>
          </div>
        )}
      </div>
    </Panel>
  );
}

/** The camera, looked at again as soon as the answer is there. */
function Live({
  onImage,
  onClose,
}: {
  readonly onImage: (image: Blob) => Promise<void>;
  readonly onClose: () => void;
}) {
  const camera = useCamera();
  const { video, ready } = camera;
  const latest = useRef(onImage);
  latest.current = onImage;
  useEffect(() => {
    if (!ready) return;
    let on = true;
    void (async () => {
      // The element is taken away a moment before this effect ends.
      while (on && video.current) {
        const seen = await imageOf(video.current);
        // The camera may have been turned off meanwhile.
        if (!on || !video.current) return;
        await latest.current(seen);
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
    })();
    return () => {
      on = false;
    };
  }, [ready]);
  if (camera.error) return <NoCamera camera={camera} onClose={onClose} />;
  return <Viewfinder camera={camera} label="What the camera sees" />;
}
