import type { JSX } from 'preact';

/** Drawings of 24 by 24, in strokes of the text's colour. */
const ICONS = {
  try: 'M3 8V5a2 2 0 0 1 2-2h3M16 3h3a2 2 0 0 1 2 2v3M21 16v3a2 2 0 0 1-2 2h-3M8 21H5a2 2 0 0 1-2-2v-3M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z',
  data: 'M4 4h6v6H4ZM14 4h6v6h-6ZM4 14h6v6H4ZM14 14h6v6h-6Z',
  label: 'M3 4v7l9.5 9.5a1.5 1.5 0 0 0 2.2 0l5.8-5.8a1.5 1.5 0 0 0 0-2.2L11 3H4a1 1 0 0 0-1 1ZM7.5 7.5v.1',
  train: 'M3 3v16a2 2 0 0 0 2 2h16M7 16c2-6 4-9 6-9s3 2 7 2',
  evaluate: 'M12 3v18M7 21h10M5 7l7-2 7 2M5 7l-3 7a3.2 3.2 0 0 0 6 0ZM19 7l-3 7a3.2 3.2 0 0 0 6 0Z',
  inspect: 'm12 3 9 5-9 5-9-5ZM3 12.5l9 5 9-5M3 17l9 5 9-5',
  teach: 'M12 5v14M5 12h14',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v2M12 20v2M2 12h2M20 12h2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z',
  system: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 3v18M12 7.5h6.8M12 12h9M12 16.5h6.8',
  warning: 'M12 4 2.8 20h18.4ZM12 10v4M12 17v.1',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 11v5M12 8v.1',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  close: 'm6 6 12 12M18 6 6 18',
  left: 'm15 5-7 7 7 7',
  right: 'm9 5 7 7-7 7',
  down: 'm5 9 7 7 7-7',
  play: 'M7 4.5v15l12-7.5Z',
  pause: 'M8 5v14M16 5v14',
  stop: 'M6 6h12v12H6Z',
  undo: 'M8 5 4 9l4 4M4 9h10a5.5 5.5 0 0 1 0 11H9',
  plus: 'M12 5v14M5 12h14',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
  download: 'M12 4v11M7 11l5 5 5-5M4 20h16',
  upload: 'M12 16V5M7 9l5-5 5 5M4 20h16',
  camera: 'M4 7h3l2-3h6l2 3h3v12H4ZM12 10a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7Z',
  image: 'M4 4h16v16H4ZM4 16l5-5 4 4 2-2 5 5M15.5 8.5v.1',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.5 15.5 21 21',
  link: 'M9 15 15 9M11 6l1.5-1.5a4.2 4.2 0 0 1 6 6L17 12M13 18l-1.5 1.5a4.2 4.2 0 0 1-6-6L7 12',
  refresh: 'M20 11A8 8 0 0 0 5.5 7L3 9.5M3 4v5.5h5.5M4 13a8 8 0 0 0 14.5 4l2.5-2.5M21 20v-5.5h-5.5',
} as const;

export type IconName = keyof typeof ICONS;

/** A small drawing beside words; it says nothing by itself. */
export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.75"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={ICONS[name]} />
    </svg>
  );
}

/** Harrier's mark: the bird as it is seen from below, wings raised. public/mark.svg is the same. */
export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 32 32" fill="currentColor" aria-hidden="true">
      <path d="M1 9.2c5.6-1.6 10.9 1 15 7.6 4.1-6.6 9.4-9.2 15-7.6-5.2 1.4-9 4.9-11.6 10.3L21 25l-5-2.6-5 2.6 1.6-5.5C10 14.1 6.2 10.6 1 9.2Z" />
    </svg>
  );
}
