import { signal } from '@preact/signals';

/** `system` follows what the device says. */
export type Theme = 'system' | 'light' | 'dark';

/** public/theme.js reads it before the first paint. */
const KEY = 'harrier-theme';

const chosen = document.documentElement.dataset.theme;

export const theme = signal<Theme>(chosen === 'light' || chosen === 'dark' ? chosen : 'system');

/** Changes when colours change, for any reason: canvases then read them again. */
export const paletteVersion = signal(0);

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  paletteVersion.value++;
});

export function setTheme(value: Theme): void {
  theme.value = value;
  if (value === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
  paletteVersion.value++;
  try {
    if (value === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, value);
  } catch {
    // Storage is not allowed here: the choice lasts as long as the page.
  }
}

/** The colour that a custom property stands for at an element, as a canvas takes it. */
export function cssColor(element: Element, name: `--${string}`): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  // With few colours of the system's, what is drawn still needs its own.
  probe.style.setProperty('forced-color-adjust', 'none');
  element.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}
