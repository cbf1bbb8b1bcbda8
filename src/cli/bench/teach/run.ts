import { availableParallelism } from 'node:os';
import { DEFAULT_BACKBONE } from '../../../backbones/index.ts';
import { HarrierError } from '../../../errors.ts';
import { fetchModel } from '../../../platform/node/backbones/fetch-model.ts';
import { nodeRuntime } from '../../../platform/node/engine/runtime.ts';
import { fetchedStartingModel } from '../../../platform/node/runs/starting-model.ts';
import { Reporter } from '../../reporter.ts';
import { builtPage } from '../../studio/page.ts';
import { launchChromium } from '../web/chromium.ts';
import { drawLessons } from './draw.ts';
import {
  type LessonScore,
  servedTeachPage,
  type TeachResult,
  taughtInNode,
  taughtInPage,
} from './measure.ts';
import { teachText } from './text.ts';

/** Lessons of each folder. */
const LESSONS = 3;

/** The options of `bench --teach` as they were typed. */
export interface TeachBenchOptions {
  readonly from?: string;
  readonly data?: readonly string[];
  readonly json?: boolean;
}

/** `harrier bench --teach`: Studio's view Teach in a browser, with images of folders. */
export async function runTeachBenchCommand({
  from = DEFAULT_BACKBONE,
  data = [],
  json,
}: TeachBenchOptions): Promise<void> {
  const reporter = new Reporter({ machine: json });
  const onStart = (what: string): void => {
    if (reporter.live) reporter.update(() => `measuring: ${what}`, { now: true });
    else reporter.note(`measuring: ${what}`);
  };
  if (data.length === 0) {
    throw new HarrierError('bad-option', '--teach needs images to teach with', {
      next: 'Add --data with a folder of images, one sub-folder per class.',
    });
  }
  const drawn = (await Promise.all(data.map((folder) => drawLessons(folder, LESSONS)))).flat();
  const fetched = await fetchModel(from, {
    onProgress: reporter.work,
    onNote: (note) => reporter.note(note),
  });
  const model = await fetchedStartingModel(fetched);
  const runtime = nodeRuntime();
  const browser = await launchChromium();
  const lessons: LessonScore[] = [];
  try {
    const page = await servedTeachPage(await builtPage(reporter), fetched);
    try {
      for (const lesson of drawn) {
        onStart(lesson.classNames.join(', '));
        lessons.push({
          classNames: lesson.classNames,
          shown: lesson.shown.length,
          tested: lesson.tested.length,
          ...(await taughtInPage(browser, page.address, lesson, runtime)),
          node: await taughtInNode(model, lesson, runtime),
        });
      }
    } finally {
      await page.close();
    }
  } finally {
    await browser.close();
  }
  reporter.clear();
  const result: TeachResult = { model: model.name, cores: availableParallelism(), lessons };
  if (json) reporter.json(result);
  else reporter.print(teachText(result));
}
