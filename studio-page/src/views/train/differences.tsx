import type { RunRecordInfo } from 'harrier/src/studio-server/api.ts';
import { Panel } from '../../components/panel.tsx';
import { settingsDifference } from './settings.ts';

/** What was set differently in the runs on the chart. */
export function Differences({ runs }: { readonly runs: readonly { id: string; record: RunRecordInfo }[] }) {
  const differences = settingsDifference(runs.map(({ record }) => record));
  return (
    <Panel title="How their settings differ">
      {differences.length === 0 ? (
        <p class="note">They have the same settings and as many training images.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section class="scroll" aria-label="Settings that differ" tabIndex={0}>
          <table class="differences">
            <thead>
              <tr>
                <th scope="col">Setting</th>
                {runs.map(({ id }) => (
                  <th key={id} scope="col">
                    {id}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {differences.map(({ name, values }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  {values.map((value, i) => (
                    <td key={runs[i].id}>{value ?? '–'}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Panel>
  );
}
