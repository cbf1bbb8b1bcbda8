import type {
  DatasetInfo,
  NewRunRequest,
  RunSummary,
  TrainingWay,
  TrainingWays,
} from 'harrier/src/studio-server/api.ts';
import { useState } from 'preact/hooks';
import { RequestError, send } from '../../../api.ts';
import { Button } from '../../../components/button.tsx';
import { Select } from '../../../components/field.tsx';
import { Loading } from '../../../components/loading.tsx';
import { Message } from '../../../components/message.tsx';
import { navigate, place } from '../../../router.ts';
import { Fields } from './fields.tsx';
import { Outlook } from './outlook.tsx';
import { changed, optionsOf, type Typed, typedOf } from './typed.ts';
import { usePlan } from './use-plan.ts';
import { firstWay, keyOf, Ways } from './ways.tsx';

interface FormProps {
  readonly facts: DatasetInfo;
  readonly ways: TrainingWays;
  /** The run whose settings it begins with. */
  readonly like: NewRunRequest | undefined;
}

/** How to train, with what settings, and how long it takes. */
export function Form({ facts, ways, like }: FormProps) {
  const { augment } = place.value.query;
  const [way, setWay] = useState<TrainingWay>(() => firstWay(ways, like, augment));
  const [from, setFrom] = useState(like?.from ?? ways.models[0]?.id ?? '');
  const [typed, setTyped] = useState<Typed>(() => (like ? typedOf(like) : augment ? { augment } : {}));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const method: Pick<NewRunRequest, 'recipe' | 'from' | 'trainable'> =
    way.kind === 'recipe' ? { recipe: way.recipe } : { from, trainable: way.kind };
  const plan = usePlan({ data: facts.id, ...method }, typed);
  const { value } = plan;
  const problems = error instanceof RequestError ? { ...value?.problems, ...error.fields } : value?.problems;
  const start = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const options = optionsOf(value?.fields ?? [], typed);
      const { id } = await send<RunSummary>('POST', 'runs', { data: facts.id, ...method, options });
      navigate('train', { runs: id });
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  };
  const touch = () => setError(undefined);
  return (
    <form class="stack steps" onSubmit={(event) => void start(event)} noValidate>
      <section class="stack" aria-label="How">
        <h3>
          <i aria-hidden="true">2</i> How to train
        </h3>
        <p class="note">{ways.why}</p>
        <Ways
          ways={ways}
          chosen={keyOf(way)}
          onChoose={(next) => {
            setWay(next);
            touch();
          }}
        />
        {way.kind !== 'recipe' && (
          <div class="form-fields">
            <Select
              label="Model to begin with"
              value={from}
              onValue={(id) => {
                setFrom(id);
                touch();
              }}
              options={ways.models.map(({ id, name }) => ({ value: id, label: name }))}
              help="Pretrained networks know photos; runs know what they have learned."
            />
          </div>
        )}
      </section>
      <section class="stack" aria-label="Settings">
        <h3>
          <i aria-hidden="true">3</i> Settings
        </h3>
        {plan.error !== undefined && <Message error={plan.error} onRetry={plan.again} />}
        {!value && plan.loading && <Loading what="the settings" />}
        {value && (
          <Fields
            fields={value.fields}
            typed={typed}
            problems={problems ?? {}}
            onTyped={(field, entered) => {
              setTyped(changed(typed, field, entered));
              touch();
            }}
          />
        )}
        {value?.problem !== undefined && (
          <Message kind="error" title="This does not fit together" error={value.problem} />
        )}
        {error !== undefined && <Message error={error} title="The run was not started" />}
      </section>
      <div class="start">
        <Button
          kind="primary"
          type="submit"
          icon="play"
          busy={busy}
          disabled={!value || way.missing !== undefined}
        >
          Start training
        </Button>
        {value && (
          <Outlook
            plan={value}
            request={{ data: facts.id, ...method, options: optionsOf(value.fields, typed) }}
          />
        )}
      </div>
    </form>
  );
}
