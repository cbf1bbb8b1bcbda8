import { describe, expect, it } from 'vitest';
import { belonging, recordedTogether } from './belonging.ts';

/** Unit vectors at angles: the cosine of two images is that of the angle between them. */
const at = (...degrees: number[]) =>
  Float32Array.from(
    degrees.flatMap((each) => [Math.cos((each * Math.PI) / 180), Math.sin((each * Math.PI) / 180)]),
  );

describe('images that belong together', () => {
  it('are those that are hardly different, whatever their class', () => {
    const { copies, oneRecording } = belonging({
      labels: [0, 0, 0, 1, 1, 1],
      features: at(0, 5, 90, 180, 270, 92),
      bursts: [],
    });
    expect([...copies]).toEqual([0, 0, 2, 3, 4, 2]);
    expect(oneRecording).toEqual([]);
  });

  it('are those of one recording, beside others of the class', () => {
    const { copies } = belonging({
      labels: [0, 0, 0, 1],
      features: at(0, 45, 90, 180),
      bursts: ['a', 'a', 'b', undefined],
    });
    expect([...copies]).toEqual([0, 0, 2, 3]);
  });

  it('are stretches of a recording where a class has no other', () => {
    const { copies, oneRecording } = belonging({
      labels: [...Array(10).fill(0), 1, 1],
      features: at(...Array(10).keys(), 120, 200),
      bursts: [...Array(10).fill('a'), undefined, undefined],
    });
    expect([...copies]).toEqual([0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 11]);
    expect(oneRecording).toEqual([0]);
    // Also where nothing is known of what they show.
    const recorded = recordedTogether({
      labels: [...Array(10).fill(0), ...Array(8).fill(1)],
      bursts: [...Array(10).fill('a'), 'b', 'b', 'c', 'c', 'd', 'd', 'e', undefined],
    });
    expect([...recorded.copies]).toEqual([0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14, 16, 17]);
    expect(recorded.oneRecording).toEqual([0]);
    // One that is nearly all of its class is cut too: held out as one, it would leave nothing to learn from.
    const most = recordedTogether({ labels: Array(11).fill(0), bursts: [...Array(10).fill('a'), undefined] });
    expect([...most.copies]).toEqual([0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10]);
    expect(most.oneRecording).toEqual([]);
  });

  it('are told apart before one background, and copies all the same', () => {
    // Each is like its neighbours by a cosine of 0.87: without a limit all would be one lump.
    const angles = Array.from({ length: 12 }, (_, i) => 30 * i);
    const { copies } = belonging({
      labels: Array(13).fill(0),
      features: at(...angles, 330.1),
      bursts: [],
    });
    expect([...copies]).toEqual([...Array(12).keys(), 11]);
  });
});
