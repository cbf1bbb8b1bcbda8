import { formatPercent } from 'harrier/src/format/format.ts';
import type {
  NewRunRequest,
  OptionValue,
  RecipeField,
  RecipeForm,
  RunSummary,
} from 'harrier/src/studio-server/api.ts';
import { useState } from 'preact/hooks';
import { getJson, RequestError, send } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { Checkbox, Input, Select } from '../../components/field.tsx';
import { Loading } from '../../components/loading.tsx';
import { Message } from '../../components/message.tsx';
import { Panel } from '../../components/panel.tsx';
import { useLoad } from '../../load.ts';
import { navigate, place, setQuery } from '../../router.ts';
import { studio } from '../../studio.ts';

/** What is typed into the fields that were touched, by name. */
type Typed = Readonly<Record<string, string | boolean>>;

/** A form for a new run, made from the fields of the recipe that is chosen. */
export function NewRun() {
  const recipes = useLoad('recipes', (signal) => getJson<RecipeForm[]>('recipes', { signal }));
  const close = () => setQuery({ new: undefined, data: undefined, augment: undefined });
  return (
    <Panel
      class="new-run"
      title="A new run"
      aside={<Button kind="quiet" icon="close" aria-label="Close the form" onClick={close} />}
    >
      {recipes.error !== undefined && <Message error={recipes.error} onRetry={recipes.again} />}
      {!recipes.value && recipes.loading && <Loading what="recipes" />}
      {recipes.value && <Form recipes={recipes.value} />}
    </Panel>
  );
}

function Form({ recipes }: { readonly recipes: readonly RecipeForm[] }) {
  const { query } = place.value;
  const datasets = studio.value?.datasets ?? [];
  const [data, setData] = useState(query.data ?? datasets[0] ?? '');
  const [name, setName] = useState((recipes.find((each) => each.name === 'quick') ?? recipes[0]).name);
  const [typed, setTyped] = useState<Typed>(query.augment ? { augment: query.augment } : {});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const recipe = recipes.find((each) => each.name === name)!;
  const wrong = error instanceof RequestError ? error.fields : {};
  const fields = (advanced: boolean) =>
    recipe.fields
      .filter((field) => field.advanced === advanced)
      .map((field) => (
        <RecipeControl
          key={field.name}
          field={field}
          typed={typed[field.name]}
          onTyped={(value) => {
            setTyped({ ...typed, [field.name]: value });
            setError(undefined);
          }}
          {...(wrong[field.name] && { error: wrong[field.name] })}
        />
      ));
  const start = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const request: NewRunRequest = { recipe: name, data, options: optionsOf(recipe, typed) };
      const { id } = await send<RunSummary>('POST', 'runs', request);
      navigate('train', { runs: id });
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  };
  const wrongAdvanced = recipe.fields.some((field) => field.advanced && wrong[field.name]);
  return (
    <form class="stack" onSubmit={(event) => void start(event)} noValidate>
      <fieldset class="recipes">
        <legend>Recipe</legend>
        {recipes.map((each) => (
          <label key={each.name} class="recipe">
            <input
              type="radio"
              name="recipe"
              checked={each.name === name}
              onChange={() => {
                setName(each.name);
                setError(undefined);
              }}
            />
            <span>
              <b>{each.name}</b>
              <span>{each.summary}</span>
              <small>{formatPercent(each.target.accuracy, 1)} on CIFAR-10</small>
            </span>
          </label>
        ))}
      </fieldset>
      <div class="form-fields">
        <Select
          label="Data"
          value={data}
          onValue={setData}
          options={datasets.map((value) => ({ value, label: value }))}
        />
        {fields(false)}
      </div>
      <details open={wrongAdvanced || undefined}>
        <summary>More options</summary>
        <div class="form-fields">{fields(true)}</div>
      </details>
      {error !== undefined && <Message error={error} title="The run was not started" />}
      <div class="row">
        <Button kind="primary" type="submit" icon="play" busy={busy}>
          Start training
        </Button>
        <p class="note">
          {recipe.name} aims at {formatPercent(recipe.target.accuracy, 1)}: {recipe.target.note}
        </p>
      </div>
    </form>
  );
}

interface RecipeControlProps {
  readonly field: RecipeField;
  readonly typed: string | boolean | undefined;
  readonly onTyped: (value: string | boolean) => void;
  readonly error?: string;
}

function RecipeControl({ field, typed, onTyped, error }: RecipeControlProps) {
  const { label, help, type, choices = [] } = field;
  const shared = { label, help, ...(error && { error }) };
  const own = field.default === null ? '' : String(field.default);
  if (type === 'boolean') {
    return (
      <Checkbox
        {...shared}
        checked={typed === undefined ? field.default === true : typed === true}
        onValue={onTyped}
      />
    );
  }
  const value = typed === undefined ? own : String(typed);
  if (type === 'choice') {
    const options = choices.map((choice) => ({ value: choice, label: choice }));
    return (
      <Select
        {...shared}
        value={value}
        onValue={onTyped}
        options={
          field.default === null ? [{ value: '', label: 'as the recipe has it' }, ...options] : options
        }
      />
    );
  }
  return (
    <Input
      {...shared}
      value={value}
      onValue={onTyped}
      placeholder={field.default !== null ? own : type === 'list' ? 'as the recipe has it' : 'off'}
      {...(type === 'list' ? { list: choices } : { inputMode: type === 'integer' ? 'numeric' : 'decimal' })}
    />
  );
}

/** What was changed, as the server takes it. What is no number goes as it was typed: the server says what is wrong. */
function optionsOf({ fields }: RecipeForm, typed: Typed): Record<string, OptionValue> {
  const options: Record<string, OptionValue> = {};
  for (const { name, type } of fields) {
    const value = typed[name];
    if (value === undefined) continue;
    if (typeof value === 'boolean' || type === 'choice' || type === 'list') options[name] = value;
    else if (value.trim() !== '') options[name] = Number.isFinite(Number(value)) ? Number(value) : value;
  }
  return options;
}
