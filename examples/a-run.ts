// A run by code, on the folder photos: what `npx harrier train --data ./photos --recipe quick --epochs 5` does.
import { createRunFolder, listRuns, newRecord, newRun, prepareRun, trainRun } from 'harrier/node';

const { options, ...method } = await newRun({ data: './photos', recipe: 'quick', epochs: 5 });
const run = await prepareRun(options, method); // opens the images, splits them, builds the network
for (const note of run.notes) console.log(note);

const folder = await createRunFolder(options.recipe); // runs/quick-20261130-141500
const record = newRecord(run, 'examples/a-run.ts');
const outcome = await folder.exclusively(() =>
  trainRun(run, record, folder, { onEpoch: ({ epoch, loss }) => console.log(epoch, loss) }),
);
if (outcome.ended !== 'interrupted') console.log(outcome.evaluation.accuracy);

for (const each of await listRuns()) {
  const { created, result } = await each.record();
  const { length: epochs } = await each.history();
  console.log(each.path, created, epochs, result?.testAccuracy);
}
