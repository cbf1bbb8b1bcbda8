import { formatCount } from 'harrier/src/format/format.ts';
import type { DatasetInfo, ImageList, Split } from 'harrier/src/studio-server/api.ts';
import { getJson } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { splitsOf } from '../../datasets.ts';
import { useLoad } from '../../load.ts';
import { exported, setQuery } from '../../router.ts';
import { type Filter, filterQuery } from './listing.ts';

/** How many images of the other parts a filter leaves, each with a way there. */
export function Elsewhere({ facts, filter }: { readonly facts: DatasetInfo; readonly filter: Filter }) {
  const others = exported ? [] : splitsOf(facts).filter((split) => split !== filter.split);
  const { value } = useLoad(
    others.length === 0 ? undefined : `elsewhere ${facts.id} ${JSON.stringify(filter)}`,
    async (signal) => {
      const count = async (split: Split) => {
        const path = `datasets/${facts.id}/${split}/images`;
        const parameters = { ...filterQuery(filter), limit: 1 };
        return { split, total: (await getJson<ImageList>(path, { parameters, signal })).total };
      };
      return Promise.all(others.map(count));
    },
    // Corrections change what a filter leaves.
    facts,
  );
  const found = (value ?? []).filter(({ total }) => total > 0);
  if (found.length === 0) return null;
  return (
    <>
      {found.map(({ split, total }) => (
        <Button key={split} kind="quiet" onClick={() => setQuery({ split, image: undefined })}>
          {formatCount(total)} more in {split}
        </Button>
      ))}
    </>
  );
}
