/**
 * The colours that reports and Studio share, on light and on dark ground. Blue stands for what is right and for
 * training, orange for what is wrong and for validation: a pair that every common kind of colour blindness tells apart;
 * strokes differ too.
 */
const COLORS = {
  page: ['#fbfaf8', '#14171b'],
  card: ['#ffffff', '#1b1f24'],
  ground: ['#f3f0eb', '#22272e'],
  ink: ['#1d2126', '#e7e9ec'],
  soft: ['#59616b', '#a3abb5'],
  hair: ['#e4e1db', '#2d333a'],
  edge: ['#8d8a83', '#6d7681'],
  accent: ['#0068a8', '#5fb4ea'],
  'accent-strong': ['#00507f', '#8ccaf2'],
  'accent-soft': ['#e3eff7', '#1c3346'],
  right: ['#0072b2', '#267cbe'],
  wrong: ['#b34c00', '#f0973d'],
  // The ground of a cell, on which a number is read.
  'wrong-cell': ['#b34c00', '#bd6f22'],
  'wrong-soft': ['#fbeee2', '#38291b'],
  // Lines on one chart.
  'series-1': ['#0068a8', '#5fb4ea'],
  'series-2': ['#bf5200', '#f0973d'],
  'series-3': ['#0d7a56', '#4fc79a'],
  'series-4': ['#7b45b3', '#c39bf0'],
  'series-5': ['#a8325c', '#f08aae'],
  'series-6': ['#6b6a1f', '#cfc95a'],
} as const;

const declarations = (value: (light: string, dark: string) => string): string =>
  Object.entries(COLORS)
    .map(([name, [light, dark]]) => `  --${name}: ${value(light, dark)};`)
    .join('\n');

/** For Studio: the colours follow `color-scheme`, which its theme sets. */
export const SWITCHED_COLORS = `:root {
${declarations((light, dark) => `light-dark(${light}, ${dark})`)}
}
`;

/** For pages that stand alone: as the reader's system is set on a screen, light on paper. */
export const SYSTEM_COLORS = `:root {
  color-scheme: light;
${declarations((light) => light)}
}
@media screen and (prefers-color-scheme: dark) {
:root {
  color-scheme: dark;
${declarations((_, dark) => dark)}
}
}
`;
