import type { LayerWithWeights } from './layers.ts';

/** A layer, and what it costs to compute it alone in integers. */
export interface RankedLayer extends LayerWithWeights {
  readonly cost: number;
}

/**
 * What each layer costs by itself, the dearest first: all others stay in floats meanwhile.
 *
 * @param costOf the cost of a model whose named layers stay in floats
 */
export async function rankedLayers(
  layers: readonly LayerWithWeights[],
  costOf: (floats: ReadonlySet<string>) => Promise<number>,
  onLayer: (done: number) => void,
): Promise<RankedLayer[]> {
  const ranked: RankedLayer[] = [];
  for (const [i, layer] of layers.entries()) {
    const others = layers.filter((each) => each !== layer).map(({ name }) => name);
    ranked.push({ ...layer, cost: await costOf(new Set(others)) });
    onLayer(i + 1);
  }
  return ranked.sort((a, b) => b.cost - a.cost);
}

/**
 * Layers to keep in floats: one, two, four and so on of the dearest, leaving out what would take the products in floats
 * beyond a limit.
 *
 * @param most fraction of all products
 */
export function inFloats(ranked: readonly RankedLayer[], most: number): string[][] {
  const limit = most * ranked.reduce((sum, { products }) => sum + products, 0);
  const fitting: string[] = [];
  let products = 0;
  for (const layer of ranked) {
    if (products + layer.products > limit) continue;
    products += layer.products;
    fitting.push(layer.name);
  }
  const choices: string[][] = [];
  for (let count = 1; count < ranked.length && count <= fitting.length; count *= 2) {
    choices.push(fitting.slice(0, count));
  }
  return choices;
}
