// What it costs that a call of a model goes through a class, with routing, limits and a budget, instead of straight to the model.

import { withCluster } from './engine/cluster.ts';
import { type Figures, Part } from './engine/part.ts';
import { type CallsSystem, type CallsTask, SYSTEMS } from './inference/work.ts';
import { type Measurement, median, rounded } from './measurement.ts';

const REPEATS = 3;
const CONCURRENCIES = [1, 16];
const WARM_UP = { full: 300, quick: 50 };
const CALLS = { full: 3000, quick: 300 };

const UNITS: Record<string, string> = {
  step_p50_ms: 'ms',
  step_p99_ms: 'ms',
  cpu_ms_per_step: 'ms',
  statements_per_step: '1',
};

export interface InferenceBenchOptions {
  quick: boolean;
  /** The one system to measure. */
  only?: string | undefined;
}

/** Measures steps with one call each; in each cell the systems take turns. @throws Error when there is no system `only` */
export async function benchInference(
  say: (line: string) => void,
  { quick, only }: InferenceBenchOptions,
): Promise<Measurement[]> {
  const systems = SYSTEMS.filter((system) => only === undefined || system === only);
  if (systems.length === 0) throw new Error(`There is no system '${only}'. There are: ${SYSTEMS.join(', ')}.`);
  const repeats = quick ? 1 : REPEATS;
  const length = quick ? 'quick' : 'full';
  const measurements: Measurement[] = [];
  for (const concurrency of CONCURRENCIES) {
    const found = new Map<CallsSystem, Figures[]>(systems.map((system) => [system, []]));
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      for (const [index] of systems.entries()) {
        const system = systems[(index + repeat) % systems.length]!;
        const figures = await measure({ system, concurrency, warmUp: WARM_UP[length], calls: CALLS[length] });
        found.get(system)!.push(figures);
        say(`${system}, ${concurrency} at a time, ${repeat + 1} of ${repeats}: ${JSON.stringify(figures)}`);
      }
    }
    const cell = { bench: 'inference', cell: 'calls', params: { concurrency }, repeats };
    for (const [system, all] of found) {
      for (const [metric, unit] of Object.entries(UNITS)) {
        const value = rounded(median(all.map((figures) => figures[metric]!)));
        measurements.push({ ...cell, system, metric, value, unit });
      }
    }
    measurements.push(...overheads(found).map((overhead) => ({ ...cell, ...overhead })));
  }
  return measurements;
}

/** By how much a call through a class takes longer than a call of the model itself: in a step of the same engine, and in one of the SDK. */
function overheads(
  found: ReadonlyMap<CallsSystem, readonly Figures[]>,
): Omit<Measurement, 'bench' | 'cell' | 'params' | 'repeats'>[] {
  const through = found.get('holdfast');
  if (!through) return [];
  const against = (system: CallsSystem, metric: string): number | undefined => {
    const bare = found.get(system);
    return bare && rounded(median(through.map((figures, repeat) => figures[metric]! - bare[repeat]![metric]!)));
  };
  return (['stock', 'holdfast-bare'] as const).flatMap((system) => {
    const milliseconds = against(system, 'step_p50_ms');
    const statements = against(system, 'statements_per_step');
    if (milliseconds === undefined || statements === undefined) return [];
    const beside = `holdfast - ${system}`;
    return [
      { system: beside, metric: 'overhead_p50_ms', value: milliseconds, unit: 'ms' },
      { system: beside, metric: 'extra_statements', value: statements, unit: '1' },
    ];
  });
}

/** Has a process of its own make the calls, on a new cluster. */
async function measure(task: Omit<CallsTask, 'part' | 'databaseUrl'>): Promise<Figures> {
  return withCluster(async (databaseUrl): Promise<Figures> => {
    const part = new Part(
      { part: 'calls', ...task, databaseUrl } as CallsTask,
      new URL('./inference/child.js', import.meta.url),
    );
    try {
      return await part.says('figures');
    } finally {
      await part.kill();
    }
  });
}
