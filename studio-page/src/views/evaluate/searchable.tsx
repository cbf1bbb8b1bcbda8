import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Input } from '../../components/field.tsx';

/** From so many rows on a table is searched rather than read. */
const MANY = 20;

interface SearchableProps {
  /** What is searched: `class`. */
  readonly noun: string;
  readonly rows: number;
  /** @param search undefined where there is nothing to search */
  readonly children: (search: string | undefined) => ComponentChildren;
}

/** A table with a search above it, where it is long. */
export function Searchable({ noun, rows, children }: SearchableProps) {
  const [search, setSearch] = useState('');
  if (rows <= MANY) return <>{children(undefined)}</>;
  return (
    <div class="searchable">
      <Input
        label={`Find a ${noun}`}
        unseen
        type="search"
        placeholder={`Find a ${noun}`}
        value={search}
        onValue={setSearch}
      />
      <div class="searchable-rows">{children(search)}</div>
    </div>
  );
}
