/** A chart that gets a new value every second, as a page of the browser tests: the hours pass as fast as it can draw. */
import { render } from 'preact';
import { Chart } from '../src/components/chart.tsx';
import { addStep, type LivePoint } from '../src/views/train/live-points.ts';

const STEPS = 1000;

/** What a chart says of a run that has recorded nothing. */
export function empty(): string {
  const place = document.createElement('div');
  const series = [{ name: 'training', color: '--series-1', x: [], y: [] }] as const;
  render(<Chart title="Loss" xLabel="epoch" format={String} series={series} />, place);
  const said = place.innerText;
  render(null, place);
  return said;
}

/** @returns how many drawings there are, and how many of them are the first one */
export async function live(seconds: number): Promise<{ drawings: number; kept: boolean; label: string }> {
  const place = document.body;
  let points: readonly LivePoint[] = [];
  let first: Element | null = null;
  for (let second = 1; second <= seconds; second++) {
    const at = ((second - 1) % STEPS) + 1;
    points = addStep(points, {
      id: 'run',
      epoch: Math.ceil(second / STEPS),
      epochs: 100,
      step: at,
      steps: STEPS,
      imagesPerSecond: 100,
      etaSeconds: 60,
      loss: 1 / second,
      accuracy: 0.5,
      learningRate: 0.01,
    });
    render(
      <Chart
        title="Loss"
        xLabel="epoch"
        format={(value) => value.toFixed(6)}
        series={[
          {
            name: 'training',
            color: '--series-1',
            x: points.map(({ x }) => x),
            y: points.map(({ loss }) => loss),
          },
        ]}
      />,
      place,
    );
    // Several values between two frames, as when a page was in the background.
    if (second % 24 === 0) await new Promise(requestAnimationFrame);
    first ??= document.querySelector('canvas');
  }
  // Effects and the last frame.
  await new Promise((resolve) => setTimeout(resolve, 100));
  return {
    drawings: document.querySelectorAll('canvas').length,
    kept: document.querySelector('canvas') === first,
    label: document.querySelector('[role="img"]')?.getAttribute('aria-label') ?? '',
  };
}
