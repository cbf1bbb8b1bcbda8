import { confusionOrder } from 'harrier/src/evaluation/seriation.ts';
import { holding } from 'harrier/src/report/classes.ts';
import type { CellOf } from 'harrier/src/report/matrix.ts';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Choice } from '../../components/choice.tsx';
import { Input } from '../../components/field.tsx';
import { isForBrowser } from '../../components/keys.ts';
import { place, setQuery } from '../../router.ts';
import { cssColor, paletteVersion } from '../../theme.ts';
import { cellAt, drawMatrix, type MatrixView } from './large-matrix-drawing.ts';

export interface LargeMatrixProps {
  /** What it shows, for screen readers. */
  readonly label: string;
  readonly classNames: readonly string[];
  /** Counts, by which classes are put in order. */
  readonly matrix: readonly (readonly number[])[];
  readonly cell: CellOf;
  readonly selected: readonly [number, number] | undefined;
  readonly onSelect: (row: number, column: number) => void;
}

/** Sides of a cell in pixels, between which a zoom goes. */
const [SMALLEST, LARGEST] = [2, 40];
/** A cell that was looked for is at least so large. */
const READABLE = 16;
const STEP = 1.5;
const ROOM = 116;

/** A matrix of many classes: it zooms, finds a class, and can put classes side by side that are confused. */
export function LargeMatrix({ label, classNames, matrix, cell, selected, onSelect }: LargeMatrixProps) {
  const byConfusion = place.value.query.order === 'confusion';
  const [search, setSearch] = useState('');
  const [zoom, setZoom] = useState<number>();
  const [pointed, setPointed] = useState<readonly [number, number]>();
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [at, setAt] = useState({ left: 0, top: 0 });
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const classes = classNames.length;
  const order = useMemo(
    () => (byConfusion ? confusionOrder(matrix) : [...matrix.keys()]),
    [byConfusion, matrix],
  );
  const found = useMemo(() => {
    const isFound = holding(search);
    return new Set(
      search.trim() === '' ? [] : [...classNames.keys()].filter((i) => isFound({ class: classNames[i] })),
    );
  }, [search, classNames]);
  const fitting = Math.max(SMALLEST, (size.width - ROOM) / classes);
  const side = zoom ?? fitting;
  const view: MatrixView = { ...size, ...at, cell: side, room: ROOM };

  useLayoutEffect(() => {
    const element = scroller.current!;
    const look = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    look();
    return () => observer.disconnect();
  }, []);

  // Whatever changes what is seen draws it anew.
  useEffect(() => {
    const element = canvas.current!;
    const ratio = devicePixelRatio;
    element.width = Math.round(size.width * ratio);
    element.height = Math.round(size.height * ratio);
    const context = element.getContext('2d');
    if (!context || size.width === 0) return;
    context.scale(ratio, ratio);
    const color = (name: string) => cssColor(scroller.current!, `--${name}`);
    drawMatrix(context, { names: classNames, order, cellOf: cell, selected, found }, view, {
      ground: color('card'),
      right: color('right'),
      wrong: color('wrong-cell'),
      ink: color('ink'),
      soft: color('soft'),
      accent: color('accent'),
    });
  }, [size, at, side, order, cell, selected?.join(), found, paletteVersion.value]);

  /** Brings a cell into the middle. */
  const show = ([row, column]: readonly [number, number], cellSide = side) => {
    const element = scroller.current;
    // A frame later it may be gone.
    if (!element) return;
    const middle = (index: number, length: number) =>
      (order.indexOf(index) + 0.5) * cellSide - (length - ROOM) / 2;
    element.scrollTo(middle(column, size.width), middle(row, size.height));
  };
  const zoomTo = (wanted: number) => {
    const next = Math.min(LARGEST, Math.max(fitting, wanted));
    setZoom(next <= fitting ? undefined : next);
    // After the room for the cells has grown.
    if (selected) requestAnimationFrame(() => show(selected, next));
  };
  // What is looked for is brought into sight.
  useEffect(() => {
    const [first] = order.filter((each) => found.has(each));
    if (first === undefined) return;
    const next = Math.max(side, READABLE);
    setZoom(next);
    requestAnimationFrame(() => show([first, first], next));
  }, [found]);

  const keys = (event: KeyboardEvent) => {
    if (isForBrowser(event)) return;
    const [row, column] = (selected ?? [order[0], order[0]]).map((each) => order.indexOf(each));
    const to: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      Home: [row, 0],
      End: [row, classes - 1],
    };
    if (event.key === '+' || event.key === '-') zoomTo(event.key === '+' ? side * STEP : side / STEP);
    else if (Object.hasOwn(to, event.key)) {
      const [y, x] = to[event.key].map((each) => order[Math.min(classes - 1, Math.max(0, each))]);
      onSelect(y, x);
      show([y, x]);
    } else return;
    event.preventDefault();
  };
  const pointedAt = (event: MouseEvent) => {
    const { left, top } = canvas.current!.getBoundingClientRect();
    return cellAt(event.clientX - left, event.clientY - top, view, order);
  };
  const read = pointed ?? selected;
  const total = ROOM + classes * side;
  return (
    <div class="large-matrix">
      <div class="large-matrix-tools">
        <Input
          label="Find a class"
          unseen
          type="search"
          placeholder="Find a class"
          value={search}
          onValue={setSearch}
          list={classNames}
        />
        <Choice
          label="Order of the classes"
          value={byConfusion ? 'confusion' : 'class'}
          onValue={(value) =>
            setQuery({ order: value === 'confusion' ? value : undefined }, { replace: true })
          }
          options={[
            { value: 'class', label: 'By class' },
            { value: 'confusion', label: 'By confusion' },
          ]}
        />
        <div class="row large-matrix-zoom">
          <Button aria-label="Zoom out" disabled={side <= fitting} onClick={() => zoomTo(side / STEP)}>
            −
          </Button>
          <Button aria-label="Zoom in" disabled={side >= LARGEST} onClick={() => zoomTo(side * STEP)}>
            +
          </Button>
          <Button disabled={zoom === undefined} onClick={() => setZoom(undefined)}>
            Fit
          </Button>
        </div>
      </div>
      {search.trim() !== '' && found.size === 0 && <p class="note">No class holds these words.</p>}
      {/* biome-ignore-start lint/a11y/noNoninteractiveTabindex: arrow keys go from cell to cell */}
      <div
        ref={scroller}
        class="large-matrix-view"
        role="application"
        aria-label={`${label}. Arrow keys go from cell to cell, plus and minus zoom.`}
        tabIndex={0}
        onKeyDown={keys}
        onMouseMove={(event) => setPointed(pointedAt(event))}
        onMouseLeave={() => setPointed(undefined)}
        onClick={(event) => {
          const cellThere = pointedAt(event);
          if (cellThere) onSelect(...cellThere);
        }}
        onScroll={(event) => {
          const { scrollLeft: left, scrollTop: top } = event.currentTarget;
          setAt({ left, top });
        }}
      >
        <div style={{ width: `${total}px`, height: `${total}px` }}>
          <canvas ref={canvas} style={{ width: `${size.width}px`, height: `${size.height}px` }} />
        </div>
      </div>
      {/* biome-ignore-end lint/a11y/noNoninteractiveTabindex: as above */}
      <p class="note large-matrix-words" role="status">
        {read ? cell(...read).words : 'Point at a cell to read it.'}
      </p>
    </div>
  );
}
