import { formatBytes } from '../../../format/format.ts';
import type { LoadResult } from './load.ts';
import { CONNECTIONS, type OverloadResult, type ServeBenchResult, type Served } from './measure.ts';

/** The figures as tables for people. */
export function serveBenchText(result: ServeBenchResult): string {
  const { runtime, cores, bareInferenceMs, decodeMs, overheadMs, overload, memory, peersMissing } = result;
  const servers: [string, Served][] = [
    ['harrier serve', result.batching],
    ['harrier serve --max-batch 1', result.noBatching],
    ...Object.entries(result.peers),
  ];
  const table = [
    ['requests/s · p50 · p99', ...CONNECTIONS.map((count) => `${count} connection${count === 1 ? '' : 's'}`)],
    ...servers.map(([title, served]) => [title, ...CONNECTIONS.map((count) => cell(served[count]))]),
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return [
    `${runtime}, ${cores} cores; the model of keras-cnn, a PNG of 32 × 32 a request`,
    '',
    ...table.map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]))
        .join('   ')
        .trimEnd(),
    ),
    '',
    `One request at a time: ${ms(result.batching[1].times[200].p50Ms)} = ${ms(bareInferenceMs)} of bare inference + ${ms(overheadMs)}; decoding alone takes ${ms(decodeMs)}.`,
    `Memory of the server: ${formatBytes(memory.beforeBytes)}, and ${formatBytes(memory.afterBytes)} after ${memory.requests.toLocaleString('en-US')} more requests.`,
    '',
    'More than the rate that 64 connections reached, sent whether or not there are answers; as its sender saw it, and a',
    'client beside it that asks now and then:',
    ...overloadLines('keras-cnn', overload.kerasCnn),
    ...overloadLines('keras-cnn', overload.kerasCnnTwice),
    ...overloadLines('a slow model', overload.slow),
    ...Object.entries(peersMissing).map(([name, why]) => `${name}: ${why}`),
  ].join('\n');
}

function cell({ answeredPerSecond, times, broken }: LoadResult): string {
  const good = times[200];
  if (!good) return '–';
  const others = Object.keys(times).filter((status) => status !== '200');
  const notes = [...others.map((status) => `some ${status}`), ...(broken > 0 ? [`${broken} broken`] : [])];
  const text = `${rate(answeredPerSecond)}/s · ${ms(good.p50Ms)} · ${ms(good.p99Ms)}`;
  return notes.length > 0 ? `${text} (${notes.join(', ')})` : text;
}

function overloadLines(model: string, { times64, client, ...sender }: OverloadResult): string[] {
  return [`${model}, ${times64} times: ${overloadText(sender)}`, `  the client: ${overloadText(client)}`];
}

function overloadText({ offeredPerSecond, answeredPerSecond, times, broken }: LoadResult): string {
  const part = (status: number, what: string) =>
    times[status] ? [`${what} p50 ${ms(times[status].p50Ms)}, p99 ${ms(times[status].p99Ms)}`] : [];
  return [
    `offered ${rate(offeredPerSecond)}/s, answered ${rate(answeredPerSecond)}/s`,
    ...part(200, 'accepted'),
    ...part(503, 'refused (503)'),
    ...(broken > 0 ? [`${broken} connections broke`] : []),
  ].join('; ');
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
const rate = (value: number): string => Math.round(value).toLocaleString('en-US');
