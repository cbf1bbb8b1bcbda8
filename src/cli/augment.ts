import { AUGMENTATION_SETS, augmentationText } from '../data/augmentation/index.ts';
import { AUGMENTATION_WORDS } from '../data/augmentation/words.ts';

/** The sets and words with what they do, for the help of a command. */
export function augmentationHelp(): string {
  const lines: [string, string][] = [
    ...Object.entries(AUGMENTATION_SETS).map(([name, configs]): [string, string] => [
      name,
      augmentationText(configs) || 'no change',
    ]),
    ...Object.entries(AUGMENTATION_WORDS).map(([name, { value, what }]): [string, string] => [
      value ? `${name}[=${value}]` : name,
      what,
    ]),
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  return ['Augmentations (a set, or a list with commas):']
    .concat(lines.map(([name, what]) => `  ${name.padEnd(width)}  ${what}`))
    .join('\n');
}
