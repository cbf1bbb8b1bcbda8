import { NUMBERED_CLASSES } from 'harrier/src/report/matrix.ts';
import { LargeMatrix, type LargeMatrixProps } from './large-matrix.tsx';
import { ChoiceMatrix } from './matrix.tsx';

/** A matrix of which a cell can be chosen: a table for few classes, a drawing that zooms for many. */
export function AnyMatrix({ matrix, ...shared }: LargeMatrixProps) {
  return shared.classNames.length > NUMBERED_CLASSES ? (
    <LargeMatrix {...shared} matrix={matrix} />
  ) : (
    <ChoiceMatrix {...shared} />
  );
}
