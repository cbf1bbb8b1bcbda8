import type { Evaluation } from 'harrier/src/evaluation/evaluate.ts';
import { Score } from 'harrier/src/report/score.ts';
import type { RunDetails, RunFileName, RunSummary } from 'harrier/src/studio-server/api.ts';
import { apiUrl } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { Link } from '../../components/link.tsx';
import { place, setQuery } from '../../router.ts';

interface HeadlineProps {
  readonly run: RunSummary;
  readonly details: RunDetails;
  readonly evaluation: Evaluation;
}

/** Files for who wants to take the result along, and what to call them. */
const FILES: readonly { readonly name: RunFileName; readonly title: string; readonly opens: boolean }[] = [
  { name: 'report.html', title: 'Report', opens: true },
  { name: 'model.onnx', title: 'model.onnx', opens: false },
];

/** The one number, how sure it is, and what there is to take along. */
export function Headline({ run, details, evaluation }: HeadlineProps) {
  const isCardOpen = place.value.query.card !== undefined;
  return (
    <section aria-label="In short" class="headline">
      <Score evaluation={evaluation} evaluatedOn={details.record?.data.test.name} />
      <p class="row files">
        {run.hasModel && (
          <>
            <Link class="button" view="try" query={{ model: run.id }}>
              <Icon name="try" size={18} /> Try it
            </Link>
            <Link class="button" view="inspect" query={{ model: run.id }}>
              <Icon name="inspect" size={18} /> Inspect model
            </Link>
          </>
        )}
        {details.files.includes('README.md') && (
          <Button
            icon="info"
            aria-expanded={isCardOpen}
            onClick={() => setQuery({ card: isCardOpen ? undefined : 1 }, { replace: true })}
          >
            Model card
          </Button>
        )}
        {FILES.filter(({ name }) => details.files.includes(name)).map(({ name, title, opens }) => (
          <a
            key={name}
            class="button"
            href={apiUrl(`runs/${run.id}/files/${name}`)}
            {...(opens ? { target: '_blank', rel: 'noreferrer' } : { download: `${run.id}.onnx` })}
          >
            <Icon name={opens ? 'link' : 'download'} size={18} /> {title}
          </a>
        ))}
      </p>
    </section>
  );
}
