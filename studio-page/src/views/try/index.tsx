import { formatPercent } from 'harrier/src/format/format.ts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Bars } from '../../components/bars.tsx';
import { Button } from '../../components/button.tsx';
import { Dropzone } from '../../components/dropzone.tsx';
import { HiddenPixels } from '../../components/hidden-pixels.tsx';
import { Message } from '../../components/message.tsx';
import { Panel } from '../../components/panel.tsx';
import { Examples } from '../../inference/examples.tsx';
import { askModel, type ChosenModel, chooseFile, useModel } from '../../inference/model.ts';
import { BackendChoice, ModelBar, ModelState, NoModel } from '../../inference/model-bar.tsx';
import type { Answer, OpenedModel } from '../../inference/protocol.ts';
import { place, setQuery } from '../../router.ts';
import { Alike } from './alike.tsx';
import { Camera } from './camera.tsx';
import { Explained } from './explained.tsx';
import './try.css';

/** What is looked at. */
interface Subject {
  readonly blob: Blob;
  readonly name: string;
  /** Of the blob, for the page. */
  readonly url: string;
  readonly count: number;
}

/** Classes that are shown at first. */
const TOP = 5;

/** An image in, classes out, and where in the image they were found. Nothing leaves the device. */
export default function Try() {
  const chosen = useModel();
  const { models, opened } = chosen;
  const [subject, setSubject] = useState<Subject>();
  const [live, setLive] = useState(false);
  const [frame, setFrame] = useState<{ readonly pixels: Uint8Array; readonly by: OpenedModel }>();
  // How often the camera was turned off: what was said of a frame before that is of no interest.
  const sessions = useRef(0);
  // A frame of before has another model's size.
  const seen = live && frame?.by === opened ? frame?.pixels : undefined;
  const looked = useAnswer(opened, live ? undefined : subject, seen, sessions.current);
  const counter = useRef(0);
  useEffect(() => () => void (subject && URL.revokeObjectURL(subject.url)), [subject]);
  const take = ([file]: readonly File[]) => {
    // A model that is dropped is meant as one.
    if (/\.onnx$/i.test(file.name)) chooseFile(file);
    else show(file, file.name);
  };
  const endLive = () => {
    sessions.current++;
    setLive(false);
    setFrame(undefined);
  };
  const show = (blob: Blob, name: string) => {
    endLive();
    setSubject({ blob, name, url: URL.createObjectURL(blob), count: counter.current++ });
  };
  if (!models.value || chosen.id === undefined) return <NoModel chosen={chosen} icon="try" />;
  const empty = !live && subject === undefined;
  const broken = !live && looked.error !== undefined && looked.pixels === undefined;
  return (
    <>
      <header class="view-head">
        <div>
          <h1>What does it see?</h1>
          <p class="note">
            The model runs in this page. Images stay on this device.
            {opened && ` It knows: ${listed(opened.classNames)}.`}
          </p>
        </div>
        <ModelBar chosen={chosen} />
      </header>
      <HiddenPixels />
      <div class={`try ${empty ? 'at-first' : ''}`}>
        <div class="stack">
          {live ? (
            <Camera
              shape={opened?.imageShape}
              busy={looked.busy}
              answer={looked.answer}
              onFrame={(pixels) => opened && setFrame({ pixels, by: opened })}
              onImage={show}
              onClose={endLive}
            />
          ) : (
            subject &&
            !broken && (
              <Explained
                key={subject.count}
                url={subject.url}
                alt={subject.name}
                map={looked.answer?.map}
                seen={opened?.imageShape}
              />
            )
          )}
          {looked.error !== undefined && <Message title="This image cannot be used" error={looked.error} />}
          {!live && (
            <>
              <Dropzone
                title={empty ? 'Drop an image here' : 'Another image'}
                note={
                  empty ? (
                    <>
                      or click to choose one, or paste it.
                      <br />
                      PNG, JPEG, WebP, AVIF or GIF.
                    </>
                  ) : undefined
                }
                compact={!empty}
                paste
                onFiles={take}
              />
              <div class="row">
                <Button icon="camera" onClick={() => setLive(true)}>
                  Use the camera
                </Button>
                <Examples facts={chosen.facts} onPick={show} />
              </div>
            </>
          )}
        </div>
        <Results
          chosen={chosen}
          answer={empty || broken ? undefined : looked.answer}
          waiting={!empty && looked.error === undefined}
          live={live}
        />
      </div>
      {opened && !live && looked.pixels && chosen.id && (
        <Alike
          opened={opened}
          modelId={chosen.facts?.id}
          modelKey={chosen.weights!}
          isKept={chosen.fileName === undefined}
          pixels={looked.pixels}
        />
      )}
    </>
  );
}

interface Looked {
  readonly pixels?: Uint8Array;
  readonly answer?: Answer;
  readonly error?: unknown;
  readonly busy: boolean;
}

/** Has the model look at an image, or at one frame after another, for the class that the address names. */
function useAnswer(
  opened: OpenedModel | undefined,
  subject: Subject | undefined,
  frame: Uint8Array | undefined,
  session: number,
): Looked {
  const [decoded, setDecoded] = useState<{
    of: Subject;
    by: OpenedModel;
    pixels?: Uint8Array;
    error?: unknown;
  }>();
  const [looked, setLooked] = useState<{
    at: Uint8Array;
    by: OpenedModel;
    /** Of the camera, where it is a frame. */
    session: number | undefined;
    answer?: Answer;
    error?: unknown;
  }>();
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (!opened || !subject) return;
    let gone = false;
    const done = (result: { pixels?: Uint8Array; error?: unknown }) => {
      if (!gone) setDecoded({ of: subject, by: opened, ...result });
    };
    askModel('decode', subject.blob, subject.name).then(
      (pixels) => done({ pixels }),
      (error: unknown) => done({ error }),
    );
    return () => {
      gone = true;
    };
  }, [opened, subject]);
  const current = decoded && decoded.of === subject && decoded.by === opened ? decoded : undefined;
  const pixels = frame ?? current?.pixels;
  const wanted = opened?.classNames.indexOf(place.value.query.class ?? '') ?? -1;
  useEffect(() => {
    if (!opened || !pixels) return;
    let gone = false;
    setBusy(true);
    const done = (result: { answer?: Answer; error?: unknown }) => {
      setBusy(false);
      if (!gone) setLooked({ at: pixels, by: opened, session: frame && session, ...result });
    };
    askModel('explain', pixels, wanted < 0 ? undefined : wanted).then(
      (answer) => done({ answer }),
      (error: unknown) => done({ error }),
    );
    return () => {
      gone = true;
    };
  }, [opened, pixels, wanted]);
  // What was said of the frame before stands until the next is evaluated.
  const answered =
    looked?.by === opened && (looked?.at === pixels || (frame !== undefined && looked?.session === session))
      ? looked
      : undefined;
  const error = current?.error ?? answered?.error;
  return {
    ...(pixels && { pixels }),
    ...(answered?.answer && { answer: answered.answer }),
    ...(error !== undefined && { error }),
    busy,
  };
}

function Results(props: {
  readonly chosen: ChosenModel;
  readonly answer: Answer | undefined;
  readonly waiting: boolean;
  /** Whether the answer changes all the time. */
  readonly live: boolean;
}) {
  const { chosen, answer, waiting, live } = props;
  const { opened } = chosen;
  const [all, setAll] = useState(false);
  if (!opened) {
    return (
      <Panel
        title={
          chosen.error !== undefined
            ? 'There is no model to ask'
            : waiting
              ? 'The image waits for the model'
              : 'The model is loading'
        }
      >
        <ModelState chosen={chosen} />
      </Panel>
    );
  }
  if (!answer) {
    return (
      <Panel class="results" title={waiting ? 'Looking …' : 'Ready'} note={`Runs on ${opened.engine}.`}>
        <ModelState chosen={chosen} />
        <p>This panel shows the model’s prediction, and where in the image it found the class.</p>
        <div class="timing">
          <BackendChoice chosen={chosen} />
        </div>
      </Panel>
    );
  }
  const { probabilities, classIndex, isUnknown, set, map, milliseconds } = answer;
  const ranked = opened.classNames
    .map((name, index) => ({ name, index, probability: probabilities[index] }))
    .sort((a, b) => b.probability - a.probability);
  const { thresholds } = opened;
  const isGiven = ({ index, probability }: (typeof ranked)[number]) =>
    thresholds !== undefined && probability >= thresholds[index];
  const shown = ranked.filter(
    (each, place) => all || place < TOP || each.index === classIndex || isGiven(each),
  );
  const [best] = ranked;
  const explained = opened.classNames[classIndex];
  return (
    <Panel class="results">
      <ModelState chosen={chosen} />
      <p class="verdict" role={live ? undefined : 'status'}>
        {thresholds ? (
          <b>
            {ranked
              .filter(isGiven)
              .map(({ name }) => name)
              .join(', ') || 'No label'}
          </b>
        ) : (
          <>
            <b>{isUnknown ? 'None of the classes' : best.name}</b>{' '}
            {!isUnknown && <span>{formatPercent(best.probability, 1)}</span>}
          </>
        )}
      </p>
      {isUnknown && (
        <p class="note">
          The image is unlike those that the model has learned from. Of its classes, {best.name} is the most
          probable.
        </p>
      )}
      {set && !isUnknown && !thresholds && (
        <p class="note">
          In {Math.round(100 * set.coverage)} of 100 images, the right class is among such a set:{' '}
          <b>{listed(set.classes.map((index) => opened.classNames[index]))}</b>.
        </p>
      )}
      <Bars
        label="Classes, the most probable first; choose one to see what speaks for it"
        most={1}
        bars={shown.map((each, place) => ({
          id: String(each.index),
          label: each.name,
          value: each.probability,
          text: formatPercent(each.probability, 1),
          kind: (thresholds ? isGiven(each) : place === 0) ? 'right' : 'other',
        }))}
        selected={String(classIndex)}
        onSelect={(id) => {
          const name = opened.classNames[Number(id)];
          setQuery({ class: name === best.name ? undefined : name }, { replace: true });
        }}
      />
      {ranked.length > TOP && (
        <Button kind="quiet" onClick={() => setAll(!all)}>
          {all ? `The ${TOP} most probable` : `All ${ranked.length} ${thresholds ? 'labels' : 'classes'}`}
        </Button>
      )}
      <p class="note">
        {map
          ? map.peak > 0
            ? `Yellow regions speak most for ${explained}. Choose another class to see its evidence.`
            : `Nothing in the image speaks for ${explained}.`
          : opened.unexplained}
      </p>
      <div class="timing">
        <p class="note">
          {milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms on {opened.engine}
        </p>
        <BackendChoice chosen={chosen} />
      </div>
    </Panel>
  );
}

function listed(names: readonly string[]): string {
  return names.length <= 12
    ? names.join(', ')
    : `${names.slice(0, 12).join(', ')} and ${names.length - 12} more`;
}
