import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { announced } from './announce.ts';
import './app.css';
import { Boundary } from './components/boundary.tsx';
import { Button } from './components/button.tsx';
import { Icon, type IconName, Mark } from './components/icon.tsx';
import { Link } from './components/link.tsx';
import { Loading } from './components/loading.tsx';
import { Message } from './components/message.tsx';
import { connect, connection, recoveries } from './live.ts';
import { place, VIEWS, type View } from './router.ts';
import { anyRunning } from './runs.ts';
import { studio } from './studio.ts';
import { setTheme, type Theme, theme } from './theme.ts';

interface ViewEntry {
  readonly title: string;
  /** Where there is little room. */
  readonly short: string;
  readonly icon: IconName;
  readonly load: () => Promise<{ default: ComponentType }>;
}

const ENTRIES: Readonly<Record<View, ViewEntry>> = {
  try: { title: 'Try', short: 'Try', icon: 'try', load: () => import('./views/try/index.tsx') },
  data: { title: 'Data', short: 'Data', icon: 'data', load: () => import('./views/data/index.tsx') },
  label: { title: 'Label', short: 'Label', icon: 'label', load: () => import('./views/label/index.tsx') },
  train: { title: 'Train', short: 'Train', icon: 'train', load: () => import('./views/train/index.tsx') },
  evaluate: {
    title: 'Evaluate',
    short: 'Evaluate',
    icon: 'evaluate',
    load: () => import('./views/evaluate/index.tsx'),
  },
  inspect: {
    title: 'Inspect model',
    short: 'Inspect',
    icon: 'inspect',
    load: () => import('./views/inspect/index.tsx'),
  },
  teach: { title: 'Teach', short: 'Teach', icon: 'teach', load: () => import('./views/teach/index.tsx') },
};

/** Whether the navigation names a view: what only some Studios have is not there for nothing. */
function isOffered(view: View): boolean {
  return view !== 'label' || place.value.view === 'label' || studio.value?.canLabel === true;
}

/** The page: navigation, what concerns all views, and the view that the address names. */
export function App() {
  const { view, unknown } = place.value;
  const title = unknown === undefined ? ENTRIES[view].title : 'No such page';
  const main = useRef<HTMLElement>(null);
  const shown = useRef(title);
  useEffect(() => {
    document.title = `${title} · Harrier Studio`;
    if (shown.current === title) return;
    shown.current = title;
    // As when a page is left for another: to the top, and screen readers begin with the new one.
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <>
      {/* A button, since the address holds the state of the page: a fragment would stand in it for nothing. */}
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header class="bar">
        <Link class="brand" view="try" aria-label="Harrier Studio, to the start">
          <Mark />
          <span>Harrier</span>
        </Link>
        <nav aria-label="Views">
          <ul>
            {VIEWS.filter(isOffered).map((name) => (
              <li key={name}>
                <Link
                  view={name}
                  aria-current={name === view && unknown === undefined ? 'page' : undefined}
                  class="tab"
                >
                  <Icon name={ENTRIES[name].icon} />
                  <span class="long">{ENTRIES[name].title}</span>
                  <span class="short" aria-hidden="true">
                    {ENTRIES[name].short}
                  </span>
                  {name === 'train' && anyRunning.value && <i class="running" title="A run is training" />}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <ThemeSwitch />
      </header>
      <Connection />
      <p class="unseen" role="status">
        {announced.value}
      </p>
      <main id="main" ref={main} tabIndex={-1}>
        {unknown === undefined ? (
          <Boundary key={view}>
            <LazyView view={view} />
          </Boundary>
        ) : (
          <NotFound address={unknown} />
        )}
      </main>
    </>
  );
}

/** An address that names no view, and where to go from here. */
function NotFound({ address }: { readonly address: string }) {
  return (
    <div class="empty">
      <Icon name="search" size={36} />
      <h1>There is no page here</h1>
      <p>
        Studio has no page at <code>{address}</code>. These are its views:
      </p>
      <ul class="row">
        {VIEWS.map((name) => (
          <li key={name}>
            <Link class="button" view={name}>
              <Icon name={ENTRIES[name].icon} size={18} /> {ENTRIES[name].title}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

const loaded = new Map<View, ComponentType>();

/** A view, fetched when it is first looked at. */
function LazyView({ view }: { view: View }) {
  const [, setCount] = useState(0);
  const [error, setError] = useState<unknown>();
  const [tries, setTries] = useState(0);
  const Component = loaded.get(view);
  // Tries is a reason to load anew.
  useEffect(() => {
    if (loaded.has(view)) return;
    let gone = false;
    setError(undefined);
    ENTRIES[view].load().then(
      (module) => {
        loaded.set(view, module.default);
        if (!gone) setCount((count) => count + 1);
      },
      (reason: unknown) => {
        if (!gone) setError(reason ?? new Error('unknown'));
      },
    );
    return () => {
      gone = true;
    };
  }, [view, tries]);
  if (Component) return <Component />;
  if (error === undefined) return <Loading what="this view" />;
  return (
    <Message kind="error" title="This part of Studio could not be loaded" onRetry={() => setTries(tries + 1)}>
      The server does not answer, or Studio was updated after this page was opened. Reload the page.
    </Message>
  );
}

/** Says that the server is gone, and that it is back. */
function Connection() {
  const lost = connection.value === 'lost';
  const [back, setBack] = useState(false);
  const times = recoveries.value;
  useEffect(() => {
    if (times === 0) return;
    setBack(true);
    const timer = setTimeout(() => setBack(false), 4000);
    return () => clearTimeout(timer);
  }, [times]);
  return (
    <div class="connection" role="status">
      {lost && (
        <div class="banner">
          <Icon name="warning" />
          <p>
            <b>Studio’s server does not answer.</b> What is on this page stays; images, runs and training come
            back with it. Trying again by itself.
          </p>
          <Button kind="plain" onClick={connect}>
            Try now
          </Button>
        </div>
      )}
      {!lost && back && (
        <div class="banner good">
          <Icon name="check" />
          <p>The server is back.</p>
        </div>
      )}
    </div>
  );
}

const THEMES: readonly { readonly theme: Theme; readonly icon: IconName; readonly name: string }[] = [
  { theme: 'system', icon: 'system', name: 'as the system has it' },
  { theme: 'light', icon: 'sun', name: 'light' },
  { theme: 'dark', icon: 'moon', name: 'dark' },
];

/** One button that goes round: system, light, dark. */
function ThemeSwitch() {
  const at = THEMES.findIndex((each) => each.theme === theme.value);
  const { icon, name } = THEMES[at];
  const next = THEMES[(at + 1) % THEMES.length];
  return (
    <button
      type="button"
      class="theme-switch"
      onClick={() => setTheme(next.theme)}
      aria-label={`Colours: ${name}. Change to ${next.name}`}
      title={`Colours: ${name}`}
    >
      <Icon name={icon} />
    </button>
  );
}
