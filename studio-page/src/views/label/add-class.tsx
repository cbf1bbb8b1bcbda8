import { useId, useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { act } from './labelling.ts';

/** Adds a class by its name. */
export function AddClass({ isFirst }: { readonly isFirst: boolean }) {
  const id = useId();
  const [name, setName] = useState('');
  const add = async (event: Event) => {
    event.preventDefault();
    if (name.trim() === '') return;
    if (await act({ act: 'class', name })) setName('');
  };
  return (
    <form class="add-class" onSubmit={add}>
      <label for={id}>{isFirst ? 'Name the first class' : 'Another class'}</label>
      <input
        id={id}
        value={name}
        autocomplete="off"
        maxLength={100}
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      <Button type="submit" icon="plus" disabled={name.trim() === ''}>
        Add
      </Button>
    </form>
  );
}
