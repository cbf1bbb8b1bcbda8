import { apiUrl, getBytes } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { Loading } from '../../components/loading.tsx';
import { Message } from '../../components/message.tsx';
import { Panel } from '../../components/panel.tsx';
import { useLoad } from '../../load.ts';
import { setQuery } from '../../router.ts';

/** The model card of a run, as people read it. */
export function Card({ run }: { readonly run: string }) {
  const url = apiUrl(`runs/${run}/files/README.md`);
  const loaded = useLoad(`card ${run}`, async (signal) => {
    // Who looks at no card loads no reader of Markdown.
    const [{ Markdown }, bytes] = await Promise.all([
      import('../../components/markdown.tsx'),
      getBytes(url, signal),
    ]);
    return <Markdown text={new TextDecoder().decode(bytes)} level={3} />;
  });
  return (
    <Panel
      title="Model card"
      note={
        <>
          What the model is, how good it is and what it was trained on. It is{' '}
          <a href={url} target="_blank" rel="noreferrer">
            README.md
          </a>{' '}
          in the run's folder.
        </>
      }
      aside={
        <Button
          kind="quiet"
          icon="close"
          aria-label="Close the model card"
          onClick={() => setQuery({ card: undefined }, { replace: true })}
        />
      }
    >
      {loaded.error !== undefined && <Message error={loaded.error} onRetry={loaded.again} />}
      {loaded.loading && !loaded.value && <Loading what="the model card" />}
      {loaded.value}
    </Panel>
  );
}
