import { catalogueEntry } from '../backbones/index.ts';
import { isNamedLicence, licenceTerms, markdown } from '../evaluation/index.ts';
import type { PublishedModel } from './published-model.ts';

/** What a `LICENSE.md` says in which nobody has stated a licence yet. */
export const UNSTATED = 'then state your own licence here';

/**
 * `LICENSE.md` of an exported model: whose terms hold for its weights, as far as Harrier knows them.
 *
 * @param code the licence of Harrier's own code, where the export holds some of it
 * @returns Markdown
 */
export function licencesText({ known, origin: from }: PublishedModel, code?: string): string {
  const data = known?.facts.trainingData;
  const images = data
    ? `\`${oneLine(data.name)}\` (${data.images} images)`
    : 'images that its file does not name';
  const parts = [
    '# Licences',
    '## The weights',
    `The weights were learned from ${images}. Harrier does not know the terms of these images: check them before you publish this model, ${UNSTATED} and in \`package.json\` or \`README.md\`.`,
  ];
  const note = from && catalogueEntry(from.name)?.licenseNote;
  if (from?.source) {
    const { address, commit, license } = from.source;
    parts.push(
      `The model was fine-tuned from \`${oneLine(from.name)}\`, which comes from \`${oneLine(address)}\`${commit ? ` at commit \`${commit}\`` : ''}. ${licenceTerms(license, markdown)}${note ? ` ${oneLine(note)}` : ''}`,
    );
  } else if (from)
    parts.push(`The model was fine-tuned from \`${oneLine(from.name)}\`, whose terms apply too.`);
  if (code) parts.push('## The code', 'The code that runs the model is part of Harrier:', fenced(code));
  return `${parts.join('\n\n')}\n`;
}

/** SPDX identifier of the model that this one was fine-tuned from, where one is known. */
export function licenceOfOrigin({ origin }: PublishedModel): string | undefined {
  const license = origin?.source?.license;
  return isNamedLicence(license) ? license : undefined;
}

function fenced(text: string): string {
  return `\`\`\`text\n${text.trim()}\n\`\`\``;
}

function oneLine(text: string): string {
  return text.replace(/[`\p{Cc}]+/gu, ' ');
}
