/**
 * docs/results.md: what the recipes reached, from the records of finished runs in docs/results/.
 *
 *     node --import tsx scripts/results-table.ts FILE        writes the page (npm run generate does it)
 *     node --import tsx scripts/results-table.ts --add RUN…  keeps the record of finished runs, without their networks
 *     node --import tsx scripts/results-table.ts --add --busy RUN…  likewise, of runs that shared their machine with others:
 *                                                                   their time counts for nothing
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { spreadOf } from '../src/evaluation/spread.ts';
import { hardwareText } from '../src/runs/hardware.ts';
import { type RunRecord, readRecord } from '../src/runs/run-record.ts';

const FOLDER = 'docs/results';

type Kept = Omit<RunRecord, 'network'> & { readonly busy?: boolean };

export async function add(given: readonly string[]): Promise<void> {
  const busy = given.includes('--busy');
  const runs = given.filter((word) => word !== '--busy');
  await mkdir(FOLDER, { recursive: true });
  for (const run of runs) {
    const file = join(run, 'run.json');
    const { network: _, ...record } = readRecord(await readFile(file, 'utf8'), file);
    if (!record.result) throw new Error(`${run} is not finished`);
    const { recipe, epochs, seed } = record.options;
    const { cpu, gpu = cpu } = record.hardware;
    const machine = gpu.toLowerCase().replace(/[^a-z0-9]+/g, '-');
    const name = `${recipe}-${epochs}-epochs-${machine}-seed-${seed}.json`;
    // Where the run was written concerns nobody else.
    const command = record.command.replace(/ --out \S+/, '');
    await writeFile(
      join(FOLDER, name),
      `${JSON.stringify({ ...record, command, ...(busy && { busy }) }, undefined, 2)}\n`,
    );
  }
}

/** The page for some records, in order of recipe and seed. */
export function resultsPage(records: readonly Kept[]): string {
  const groups = new Map<string, Kept[]>();
  for (const record of records) {
    const { recipe, epochs } = record.options;
    const key = [recipe, epochs, hardwareText(record.hardware), versions(record)].join('\n');
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  const rows = [...groups.values()].map((group) => {
    const [first] = group;
    const accuracies = group.map(({ result }) => result!.testAccuracy);
    const minutes = group.filter(({ busy }) => !busy).map(({ result }) => result!.seconds / 60);
    const { recipe, epochs, testTimeAugmentation = 'none' } = first.options;
    return [
      `\`${recipe}\``,
      spread(
        accuracies.map((accuracy) => 100 * accuracy),
        2,
        '%',
      ),
      `${group.length}`,
      spread(
        group.map(({ result }) => 100 * result!.trainingAccuracy),
        2,
        '%',
      ),
      minutes.length === 0 ? '' : spread(minutes, 1, ' min'),
      `${epochs}`,
      testTimeAugmentation,
      `${hardwareText(first.hardware)}; ${versions(first)}`,
      `\`${first.command}\``,
    ];
  });
  const titles = [
    'recipe',
    'test accuracy',
    'runs',
    'training accuracy',
    'time',
    'epochs',
    'views',
    'machine',
    'command',
  ];
  const lines = [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `# Results

This page lists the accuracy of each recipe on the 10,000 test images of CIFAR-10. Several runs, each with its own seed, give mean ± standard deviation. Test images chose no setting, with one exception: the decision that \`wide\` keeps the weights of its last epoch was made after an evaluation on them.

Training accuracy is measured during the epoch whose weights the model keeps, on augmented images and with dropout, if the recipe has them. Time is that of all epochs, without runs that shared their machine with other work (\`busy\` in their records).

${lines.join('\n')}

\`npm run generate\` writes this page from the records in [docs/results](results/). \`node --import tsx scripts/results-table.ts --add RUN…\` adds the record of a finished run.
`;
}

function versions({ versions: of }: Kept): string {
  return ['node', 'onnxruntime-node'].map((part) => `${part} ${of[part]}`).join(', ');
}

function spread(values: readonly number[], digits: number, unit: string): string {
  const { mean, standardDeviation } = spreadOf(values);
  if (standardDeviation === null) return `${mean.toFixed(digits)}${unit}`;
  return `${mean.toFixed(digits)} ± ${standardDeviation.toFixed(digits)}${unit}`;
}

async function main([first, ...rest]: readonly string[]): Promise<void> {
  if (first === '--add') return add(rest);
  const names = (await readdir(FOLDER).catch(() => [])).filter((name) => name.endsWith('.json')).sort();
  const records = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(FOLDER, name), 'utf8')) as Kept),
  );
  await writeFile(first, resultsPage(records));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
