import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { formatQuantity } from '../../format/format.ts';
import { nativeSha256 } from '../../platform/node/files/sha256.ts';
import { writeOutput } from '../output.ts';
import { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { kubernetesText } from './kubernetes.ts';
import { skypilotText } from './skypilot.ts';
import { type ClusterOptions, type Engine, workOf } from './work.ts';

const TEXTS = { kubernetes: kubernetesText, skypilot: skypilotText };

/** Begins the last line, which tells whether somebody has entered something into the file since. */
const SEAL = '# Not changed since it was written: ';

function sealed(text: string): string {
  return `${text}${SEAL}${nativeSha256().update(Buffer.from(text)).digest().slice(0, 12)}\n`;
}

/** `harrier cluster init`. */
export async function runClusterInit(engine: Engine, options: ClusterOptions): Promise<void> {
  const reporter = new Reporter();
  if (!/^[\w][\w.:/@-]*$/.test(options.image)) {
    throw new HarrierError('bad-option', 'this is no name of an image', {
      where: '--image',
      expected: 'such as registry.example.org/harrier:1',
      received: options.image,
    });
  }
  if (engine === 'skypilot' && options.atOnce !== undefined) {
    throw new HarrierError('bad-option', 'the loop that starts jobs of SkyPilot starts all of them', {
      where: '--at-once',
      next: 'Leave it out, and use a smaller --jobs.',
    });
  }
  const work = await workOf(options);
  const path = resolve(options.out ?? `harrier.${engine}.yaml`);
  const text = sealed(TEXTS[engine](work, options));
  const isOwn = async (file: string) => {
    const there = await readFile(file, 'utf8');
    return there === sealed(there.slice(0, there.lastIndexOf(SEAL)));
  };
  const otherwise = 'this file exists, and is not as harrier wrote it';
  await writeOutput(path, text, { option: '--out', force: options.force, isOwn, otherwise });
  reporter.print(`${shortPath(path)}: ${formatQuantity(work.jobs, 'job')}`);
  reporter.print('Its first lines say what to do next.');
}
