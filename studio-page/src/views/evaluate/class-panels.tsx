import type { Evaluation } from 'harrier/src/evaluation/evaluate.ts';
import { CLASS_TABLE_NOTE, ClassTable } from 'harrier/src/report/classes.ts';
import { LABEL_TABLE_NOTE, LabelTable } from 'harrier/src/report/labels.ts';
import { Reliability, ReliabilityWords } from 'harrier/src/report/reliability.ts';
import { Panel } from '../../components/panel.tsx';
import { Searchable } from './searchable.tsx';

/** How well each class or label is found, and whether probabilities mean what they say. */
export function ClassPanels({ evaluation }: { readonly evaluation: Evaluation }) {
  const { perClass, macro, multiLabel } = evaluation;
  return (
    <div class="evaluate-pair">
      <Panel
        title={multiLabel ? 'Label by label' : 'Class by class'}
        note={multiLabel ? LABEL_TABLE_NOTE : CLASS_TABLE_NOTE}
      >
        <Searchable noun={multiLabel ? 'label' : 'class'} rows={perClass.length}>
          {(search) => {
            const found = search === undefined ? {} : { search };
            return multiLabel ? (
              <LabelTable multiLabel={multiLabel} macro={macro} {...found} />
            ) : (
              <ClassTable perClass={perClass} macro={macro} {...found} />
            );
          }}
        </Searchable>
      </Panel>
      <Panel title="Are its probabilities accurate?" note="Accuracy by stated probability.">
        <Reliability calibration={evaluation.calibration} />
        <ReliabilityWords evaluation={evaluation} />
      </Panel>
    </div>
  );
}
