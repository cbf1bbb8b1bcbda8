import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** What runs are called that belong to others: each group has a first seed. */
const PART = /^(?:seed|fold|trial)-\d+$/;
/** What runs within another are called, where both ways of training are tried. */
const TRIED = /^(?:head|fine-tuned)$/;

/** What to call a run where others are too: as its folder, with the group that it is a part of. */
export function runNameOf(path: string): string {
  const name = basename(path);
  const group = dirname(path);
  const isPart = PART.test(name) || (TRIED.test(name) && existsSync(join(group, 'run.json')));
  return isPart ? `${basename(group)}-${name}` : name;
}
