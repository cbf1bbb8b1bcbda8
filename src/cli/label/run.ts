import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { DEFAULT_BACKBONE } from '../../backbones/index.ts';
import { HarrierError } from '../../errors.ts';
import { formatCount, formatQuantity } from '../../format/format.ts';
import { checkLabel, LabelList } from '../../platform/node/datasets/label-list.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { isLoopback } from '../../server/addresses.ts';
import { moveToClassFolders } from '../../studio-server/labelling/class-folders.ts';
import { LabelSession } from '../../studio-server/labelling/session.ts';
import { listUnsorted } from '../../studio-server/labelling/unsorted-images.ts';
import { startStudio } from '../../studio-server/start.ts';
import { noteElsewhere } from '../elsewhere.ts';
import { orExit, watchInterruption } from '../interruption.ts';
import { Reporter } from '../reporter.ts';
import { builtPage } from '../studio/page.ts';
import { checkPort, openBrowser, serverOptions, untilInterrupted } from '../studio/run.ts';
import { shortPath } from '../terminal.ts';
import { knowledgeOf } from './knowledge.ts';

/** The options of `label` as they were typed. */
export interface LabelCommandOptions {
  readonly classes?: string;
  readonly from?: string | true;
  readonly move?: boolean;
  readonly port: number;
  readonly host: string;
  readonly token?: string;
  readonly open?: boolean;
  readonly threads?: number;
}

/** `harrier label`: until it is told to end. */
export async function runLabel(folder: string, options: LabelCommandOptions): Promise<void> {
  const reporter = new Reporter();
  const { port, host } = options;
  checkPort(port);
  const classes = classesOf(options);
  const { images } = await listUnsorted(folder);
  await checkWritable(folder);
  const list = await LabelList.read(folder);
  if (options.move) {
    await move(folder, list, reporter);
    return;
  }
  const pageFolder = await builtPage(reporter);
  const interruption = watchInterruption(() => reporter.note('Stopping. All labels are saved already.'));
  try {
    const from = options.from === true ? undefined : (options.from ?? DEFAULT_BACKBONE);
    const { signal } = interruption;
    const knowledge = await knowledgeOf(from, { threads: options.threads, reporter, signal });
    const own = serverOptions(options, reporter);
    const session = new LabelSession({ folder, classes, log: own.log, ...knowledge });
    const studio = await startStudio({
      runsFolder: 'runs',
      data: [],
      pageFolder,
      ...own,
      labelling: session,
    }).catch(async (error) => {
      await session.close();
      throw error;
    });
    const url = new URL(studio.url);
    url.pathname = '/label';
    reporter.print(`Label ${formatQuantity(images.length, 'image')} at ${url} (Ctrl-C ends it).`);
    reporter.note(`Labels are kept in ${shortPath(list.path)} as you give them.`);
    noteElsewhere(url.href, host, reporter);
    if (!isLoopback(host)) {
      reporter.note('Others can reach this address: the token and all images are sent as they are.');
    }
    if (options.open) openBrowser(url.href, reporter);
    await untilInterrupted(interruption);
    await studio.close();
    await conclude(folder, images.length, reporter);
  } catch (error) {
    throw orExit(error, interruption);
  } finally {
    interruption.end();
  }
}

function classesOf({ classes, from }: LabelCommandOptions): string[] {
  if (classes === undefined) return [];
  const names = [
    ...new Set(
      classes
        .split(',')
        .filter((name) => name.trim() !== '')
        .map(checkLabel),
    ),
  ];
  if (names.length >= 2 || (names.length === 1 && from !== undefined)) return names;
  throw new HarrierError('bad-option', 'labels tell two classes or more apart', {
    where: '--classes',
    expected: 'names with commas between, such as ants,bees',
    received: names.length === 1 ? `only "${names[0]}"` : 'no name',
  });
}

async function checkWritable(folder: string): Promise<void> {
  try {
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw new HarrierError('storage', 'labels.csv cannot be written to this folder', {
      where: folder,
      next: 'Change its permissions, or copy the images to a folder of your own.',
      cause,
    });
  }
}

async function move(folder: string, { labels, path }: LabelList, reporter: Reporter): Promise<void> {
  if (labels.size === 0) {
    throw new HarrierError('bad-data', 'no image has a label yet', {
      where: path,
      next: `Label some first: npx harrier label ${shellQuote(shortPath(folder))}`,
    });
  }
  const { moved, left } = await moveToClassFolders(folder, async (paths) => {
    await LabelList.change(folder, (list) => list.rename(paths));
  });
  for (const { file, reason } of left) reporter.note(`Note: ${file} stays where it is: ${reason}.`);
  reporter.print(`Moved ${formatQuantity(moved, 'image')} into class folders; ${shortPath(path)} follows.`);
}

/** What there is now, and what comes next. */
async function conclude(folder: string, images: number, reporter: Reporter): Promise<void> {
  const { labels, path } = await LabelList.read(folder);
  reporter.print(`${formatCount(labels.size)} of ${formatQuantity(images, 'image')} labelled.`);
  if (new Set(labels.values()).size >= 2) {
    reporter.print(`Train on them: npx harrier train --data ${shellQuote(shortPath(path))}`);
  }
}
