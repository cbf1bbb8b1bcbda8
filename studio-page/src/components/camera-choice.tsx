import type { CameraDevice } from '../camera.ts';
import { Select } from './field.tsx';

export interface CameraChoiceProps {
  readonly devices: readonly CameraDevice[];
  readonly device: string | undefined;
  readonly choose: (id: string) => void;
}

/** Which of several cameras is used. */
export function CameraChoice({ devices, device, choose }: CameraChoiceProps) {
  if (devices.length < 2) return null;
  return (
    <Select
      label="Camera"
      value={device ?? devices[0].id}
      onValue={choose}
      options={devices.map(({ id, label }) => ({ value: id, label }))}
    />
  );
}
