import { type CellOf, opacityOf } from 'harrier/src/report/matrix.ts';

/** Where the drawing is: scrolled by so much, with cells of this size, beside names that take this room. */
export interface MatrixView {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  /** Side of a cell in pixels. */
  readonly cell: number;
  /** For the names of rows, and of columns above. */
  readonly room: number;
}

export interface MatrixColors {
  readonly ground: string;
  readonly right: string;
  readonly wrong: string;
  readonly ink: string;
  readonly soft: string;
  readonly accent: string;
}

export interface MatrixScene {
  readonly names: readonly string[];
  /** Classes in the order of rows and columns. */
  readonly order: readonly number[];
  readonly cellOf: CellOf;
  /** True class and predicted class. */
  readonly selected?: readonly [number, number];
  /** Classes that stand out: those that were searched for. */
  readonly found: ReadonlySet<number>;
}

/** Cells from this size on hold their numbers. */
const NUMBERED = 24;
/** Names are written from this size of a cell on. */
const NAMED = 9;

/** Cells that are in sight, from the first to the one after the last. */
export function inSight(offset: number, length: number, cell: number, classes: number): [number, number] {
  return [Math.max(0, Math.floor(offset / cell)), Math.min(classes, Math.ceil((offset + length) / cell))];
}

/** The true and the predicted class at a place of the drawing; undefined beside the cells. */
export function cellAt(
  x: number,
  y: number,
  { left, top, cell, room }: MatrixView,
  order: readonly number[],
): [number, number] | undefined {
  if (x < room || y < room) return undefined;
  const [column, row] = [Math.floor((x - room + left) / cell), Math.floor((y - room + top) / cell)];
  return row < order.length && column < order.length ? [order[row], order[column]] : undefined;
}

/** Draws the cells in sight, and the names of their rows and columns. */
export function drawMatrix(
  context: CanvasRenderingContext2D,
  { names, order, cellOf, selected, found }: MatrixScene,
  view: MatrixView,
  colors: MatrixColors,
): void {
  const { width, height, left, top, cell, room } = view;
  context.clearRect(0, 0, width, height);
  const rows = inSight(top, height - room, cell, order.length);
  const columns = inSight(left, width - room, cell, order.length);
  const x = (column: number) => room + column * cell - left;
  const y = (row: number) => room + row * cell - top;
  context.save();
  context.beginPath();
  context.rect(room, room, width - room, height - room);
  context.clip();
  const gap = cell >= 8 ? 1 : 0;
  for (let row = rows[0]; row < rows[1]; row++) {
    for (let column = columns[0]; column < columns[1]; column++) {
      const { kind, strength, text } = cellOf(order[row], order[column]);
      if (kind === 'none') continue;
      context.globalAlpha = opacityOf(strength);
      context.fillStyle = colors[kind];
      context.fillRect(x(column), y(row), cell - gap, cell - gap);
      if (cell < NUMBERED) continue;
      context.globalAlpha = 1;
      context.fillStyle = colors.ink;
      context.font = `${Math.min(13, cell * 0.42)}px system-ui, sans-serif`;
      context.textAlign = 'center';
      context.textBaseline = 'middle';
      context.fillText(text, x(column) + cell / 2, y(row) + cell / 2);
    }
  }
  context.globalAlpha = 0.14;
  context.fillStyle = colors.accent;
  order.forEach((each, at) => {
    if (!found.has(each)) return;
    context.fillRect(room, y(at), width, cell);
    context.fillRect(x(at), room, cell, height);
  });
  context.globalAlpha = 1;
  if (selected) {
    const [row, column] = selected.map((each) => order.indexOf(each));
    context.strokeStyle = colors.ink;
    context.lineWidth = 2;
    context.strokeRect(x(column) - 1, y(row) - 1, Math.max(cell, 5) + 1, Math.max(cell, 5) + 1);
  }
  context.restore();
  if (cell >= NAMED) drawNames(context, { names, order, selected, found }, view, colors, rows, columns);
}

function drawNames(
  context: CanvasRenderingContext2D,
  { names, order, selected, found }: Pick<MatrixScene, 'names' | 'order' | 'selected' | 'found'>,
  { width, height, left, top, cell, room }: MatrixView,
  colors: MatrixColors,
  rows: readonly [number, number],
  columns: readonly [number, number],
): void {
  const size = Math.min(13, cell * 0.9);
  context.textBaseline = 'middle';
  const write = (each: number, isSelected: boolean, draw: (text: string) => void) => {
    const stands = isSelected || found.has(each);
    context.font = `${stands ? '650 ' : ''}${size}px system-ui, sans-serif`;
    context.fillStyle = stands ? colors.ink : colors.soft;
    draw(shortened(context, names[each], room - 10));
  };
  context.save();
  context.beginPath();
  context.rect(0, room, room, height - room);
  context.clip();
  context.textAlign = 'right';
  for (let row = rows[0]; row < rows[1]; row++) {
    const middle = room + (row + 0.5) * cell - top;
    write(order[row], selected?.[0] === order[row], (text) => context.fillText(text, room - 6, middle));
  }
  context.restore();
  context.save();
  context.beginPath();
  context.rect(room, 0, width - room, room);
  context.clip();
  context.textAlign = 'left';
  for (let column = columns[0]; column < columns[1]; column++) {
    const middle = room + (column + 0.5) * cell - left;
    write(order[column], selected?.[1] === order[column], (text) => {
      context.save();
      context.translate(middle, room - 6);
      context.rotate(-Math.PI / 2);
      context.fillText(text, 0, 0);
      context.restore();
    });
  }
  context.restore();
}

function shortened(context: CanvasRenderingContext2D, name: string, room: number): string {
  if (context.measureText(name).width <= room) return name;
  const letters = [...name];
  while (letters.length > 1 && context.measureText(`${letters.join('')}…`).width > room) letters.pop();
  return `${letters.join('')}…`;
}
