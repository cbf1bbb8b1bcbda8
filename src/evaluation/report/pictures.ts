import { HarrierError } from '../../errors.ts';
import { formatPercent } from '../format.ts';
import { type Html, html } from './html.ts';

/** A misjudged image, ready to show. */
export interface ReportPicture {
  /** The image itself: `data:image/png;base64,…`. Anything else would make the report depend on other files. */
  readonly uri: string;
  readonly width: number;
  readonly height: number;
  readonly trueClass: string;
  readonly predictedClass: string;
  /** Probability of the predicted class, 0–1. */
  readonly probability: number;
  /** Where it came from: a file name, or `test #17`. */
  readonly source?: string;
}

/** Below this size pixels are meant to be seen as squares, and not blurred into each other. */
const PIXELATED_BELOW = 100;

/** The most confident mistakes as a wall of pictures with captions. */
export function picturesSection(pictures: readonly ReportPicture[]): Html {
  if (pictures.length === 0) return html``;
  const title =
    pictures.length === 1 ? 'The most confident mistake' : `The ${pictures.length} most confident mistakes`;
  return html`<section aria-labelledby="mistakes">
<h2 id="mistakes">${title}</h2>
<p class="note">What it was surest of, and wrong about. Some of them may be labelled wrongly.</p>
<ul class="pictures">
${pictures.map(picture)}</ul>
</section>
`;
}

function picture({
  uri,
  width,
  height,
  trueClass,
  predictedClass,
  probability,
  source,
}: ReportPicture): Html {
  if (!/^data:image\/[a-z+.-]+;base64,[A-Za-z0-9+/=]+$/.test(uri)) {
    throw new HarrierError('bad-data', 'a picture of the report is no image data URI', {
      expected: 'data:image/png;base64,…',
      received: uri.slice(0, 40),
    });
  }
  const crisp = Math.max(width, height) < PIXELATED_BELOW;
  return html`<li><figure${source && html` title="${source}"`}><img src="${uri}" width="${width}" height="${height}" alt="${trueClass}, taken for ${predictedClass}"${crisp && html` class="crisp"`}>
<figcaption>true ${trueClass} → <b>${predictedClass}</b> ${certainty(probability)}</figcaption></figure></li>
`;
}

/** Whole percent; but 0.9997 is not "100%". */
function certainty(probability: number): string {
  if (probability < 0.995) return formatPercent(probability, 0);
  return probability < 0.9995 ? formatPercent(probability, 1) : '>99.9%';
}
