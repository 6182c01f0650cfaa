// The engine against its yardsticks: the SDK's own engine on the same tables, and single-row commits, in turns in the same run.

import { type Cell, cellsOf, type Extent, type Variant } from './engine/cells.ts';
import { withCluster } from './engine/cluster.ts';
import type { Figures, System } from './engine/part.ts';
import { type Measurement, median, rounded } from './measurement.ts';

const REPEATS = 3;

export interface EngineBenchOptions extends Extent {
  /** The one cell to measure. */
  only?: string | undefined;
}

/** Measures the cells, one after the other. @throws Error when there is no cell `only` */
export async function benchEngine(
  say: (line: string) => void,
  { only, ...extent }: EngineBenchOptions,
): Promise<Measurement[]> {
  const cells = cellsOf(extent);
  const chosen = cells.filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0) {
    throw new Error(`There is no cell '${only}'. There are: ${cells.map(({ name }) => name).join(', ')}.`);
  }
  const measurements: Measurement[] = [];
  for (const cell of chosen) {
    for (const variant of cell.variants) measurements.push(...(await measureVariant(cell, variant, extent, say)));
  }
  return measurements;
}

/** The systems take turns, so that what else the machine does is shared out among them. */
async function measureVariant(
  cell: Cell,
  { params, systems }: Variant,
  { quick }: Extent,
  say: (line: string) => void,
): Promise<Measurement[]> {
  const repeats = quick ? 1 : REPEATS;
  const figures = new Map<System, Figures[]>(systems.map((system) => [system, []]));
  for (let repeat = 1; repeat <= repeats; repeat += 1) {
    for (const system of inTurn(systems, repeat)) {
      const task = { part: cell.name, system, params, quick };
      const found = await withCluster((url) => cell.measure({ ...task, url }));
      figures.get(system)!.push(found);
      say(`${cell.name} ${JSON.stringify(params)} ${system}, ${repeat} of ${repeats}: ${JSON.stringify(found)}`);
    }
  }
  const measured = (system: System, metric: string, value: number, unit: string): Measurement => {
    return { bench: 'engine', cell: cell.name, params, system, metric, value: rounded(value), unit, repeats };
  };
  const medians = systems.map((system) => [system, mediansOf(figures.get(system)!)] as const);
  return [
    ...medians.flatMap(([system, found]) =>
      Object.entries(found).map(([metric, value]) => measured(system, metric, value, cell.metrics[metric]!)),
    ),
    ...ratios(cell, new Map(medians)).map(([metric, value, unit]) => measured('holdfast', metric, value, unit)),
  ];
}

/** Each repeat begins with another system. */
function inTurn(systems: readonly System[], repeat: number): System[] {
  const first = (repeat - 1) % systems.length;
  return [...systems.slice(first), ...systems.slice(0, first)];
}

function mediansOf(repeats: readonly Figures[]): Figures {
  const metrics = Object.keys(repeats[0]!);
  return Object.fromEntries(metrics.map((metric) => [metric, median(repeats.map((figures) => figures[metric]!))]));
}

/** How often the yardstick's figure goes into ours. */
function ratios({ compared }: Cell, medians: ReadonlyMap<System, Figures>): [string, number, string][] {
  const ours = medians.get('holdfast')!;
  const metric = compared.find((name) => name in ours)!;
  return (['stock', 'commits'] as const).flatMap((yardstick): [string, number, string][] => {
    const theirs = medians.get(yardstick)?.[metric];
    return theirs === undefined ? [] : [[`ratio_to_${yardstick}`, ours[metric]! / theirs, `× ${metric}`]];
  });
}
