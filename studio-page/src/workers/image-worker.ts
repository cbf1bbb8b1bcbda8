/** Reads files as images, and asks a model about them, beside the page. */
import { Classifier } from 'harrier';
import { decodeImage, webRuntime } from 'harrier/web';
import { type Failure, failureOf } from '../teach/messages.ts';
import { shrink } from '../teach/shrink.ts';

/** What the page asks; each gets its answer. */
export type Question =
  /** Whether a file is an image, and what to keep of it. */
  | { readonly type: 'shrink'; readonly file: Blob; readonly name: string }
  /** Makes a model the one to ask. */
  | { readonly type: 'load'; readonly model: Uint8Array<ArrayBuffer> }
  | { readonly type: 'classify'; readonly file: Blob; readonly name: string };

export interface Answers {
  readonly shrink: Blob;
  readonly load: readonly string[];
  readonly classify: { readonly probabilities: Float32Array; readonly milliseconds: number };
}

export interface Asked {
  readonly id: number;
  readonly question: Question;
}

export type Answered =
  | { readonly id: number; readonly answer: Answers[keyof Answers] }
  | { readonly id: number; readonly error: Failure };

let classifier: Classifier | undefined;

addEventListener('message', async ({ data: { id, question } }: MessageEvent<Asked>) => {
  try {
    postMessage({ id, answer: await answerTo(question) } satisfies Answered);
  } catch (error) {
    postMessage({ id, error: failureOf(error) } satisfies Answered);
  }
});

async function answerTo(question: Question): Promise<Answers[keyof Answers]> {
  switch (question.type) {
    case 'shrink':
      return shrink(question.file, question.name);
    case 'load': {
      const before = classifier;
      classifier = await Classifier.load(await webRuntime({ backend: 'wasm' }), question.model, 'the model');
      await before?.dispose();
      return classifier.classNames;
    }
    case 'classify': {
      if (!classifier) throw new Error('no model is loaded yet');
      const pixels = await decodeImage(question.file, classifier.imageShape, question.name);
      const started = performance.now();
      const probabilities = await classifier.predict(pixels);
      return { probabilities, milliseconds: performance.now() - started };
    }
  }
}
