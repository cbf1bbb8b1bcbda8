import { effect, signal } from '@preact/signals';
import type { StudioEvents } from 'harrier/src/studio-server/api.ts';
import { apiUrl } from './api.ts';
import { exported } from './router.ts';

/** `none`: there is no server, in an exported site. */
export const connection = signal<'none' | 'connecting' | 'open' | 'lost'>(exported ? 'none' : 'connecting');

/** Counts how often the server was found again: what was loaded before may be stale. */
export const reconnections = signal(0);

/** Counts how often it was found again after it had not answered. */
export const recoveries = signal(0);

type Name = keyof StudioEvents;
type Listener<N extends Name> = (data: StudioEvents[N]) => void;

const listeners = new Map<Name, Set<Listener<never>>>();
/** A connection that dies silently is tried again after this long, ever longer. */
const RETRY_MS = [1000, 2000, 4000, 8000];

let source: EventSource | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let failures = 0;
let opened = false;

/** Calls a listener for every event of a name. @returns what stops it */
export function listen<N extends Name>(name: N, listener: Listener<N>): () => void {
  const all = listeners.get(name) ?? new Set();
  listeners.set(name, all);
  all.add(listener);
  if (all.size === 1 && source) subscribe(source, name);
  return () => {
    all.delete(listener);
  };
}

/** Opens the stream of events and keeps it open as long as the page lives. */
export function connect(): void {
  if (exported) return;
  clearTimeout(timer);
  source?.close();
  const current = new EventSource(apiUrl('events'));
  source = current;
  current.onopen = () => {
    failures = 0;
    if (opened && connection.peek() === 'lost') recoveries.value++;
    connection.value = 'open';
    if (opened) reconnections.value++;
    opened = true;
  };
  current.onerror = () => {
    connection.value = 'lost';
    // Browsers differ in when they give up: one rule of our own for all.
    current.close();
    clearTimeout(timer);
    timer = setTimeout(connect, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
  };
  for (const name of listeners.keys()) subscribe(current, name);
}

const subscribed = new WeakMap<EventSource, Set<Name>>();

function subscribe(to: EventSource, name: Name): void {
  const names = subscribed.get(to) ?? new Set();
  subscribed.set(to, names);
  if (names.has(name)) return;
  names.add(name);
  to.addEventListener(name, (event) => {
    const data = JSON.parse((event as MessageEvent<string>).data) as never;
    for (const listener of listeners.get(name) ?? []) listener(data);
  });
}

/** A page that is hidden for so long lets go of its connection. */
const HIDDEN_MS = 15_000;
let hiding: ReturnType<typeof setTimeout> | undefined;

// All tabs of a browser share six connections to one server: with six idle ones, the seventh would wait for ever.
document.addEventListener('visibilitychange', () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(disconnect, HIDDEN_MS);
  else if (!source) connect();
});

function disconnect(): void {
  clearTimeout(timer);
  source?.close();
  source = undefined;
}

// A page that was laid aside (a phone's other app) comes back to a dead connection.
addEventListener('pageshow', (event) => {
  if (event.persisted) connect();
});

/** Runs a function now and whenever the server was found again. @returns what stops it */
export function onReconnect(run: () => void): () => void {
  return effect(() => {
    void reconnections.value;
    run();
  });
}
