// What is measured: the cells, their parameters, the systems that are compared, and the unit of every metric.

import { failOver } from './failover.ts';
import { type Figures, measureInProcess, type System, type Task } from './part.ts';
import { recoverAfterKill } from './recovery.ts';

export interface Variant {
  params: Record<string, string | number>;
  systems: readonly System[];
}

export interface Cell {
  name: string;
  variants: readonly Variant[];
  /** Units by metric. */
  metrics: Record<string, string>;
  /** Metrics of which the first one that was measured is compared to the yardsticks'. */
  compared: readonly string[];
  measure: (task: Task) => Promise<Figures>;
}

/** What the command line says about the size of the benchmark. */
export interface Extent {
  quick: boolean;
  /** How many runs wait in the cell `parked`, and are recovered in the cell `recovery`, instead of what is usual. */
  runs?: number | undefined;
}

const CONCURRENCIES = [1, 50, 500];
const ENGINES = ['holdfast', 'stock'] as const;
/** The stock engine polls for every waiting run: with more of them it is busy with nothing else. */
const MOST_PARKED_BY_STOCK = 1000;
const MS_OF_STEPS = { step_at_10_ms: 'ms', step_at_100_ms: 'ms', step_at_200_ms: 'ms' };

/** Returns the cells in the order in which they are measured. */
export function cellsOf(extent: Extent): Cell[] {
  return [steps(), laneSteps(), dispatch(extent), growth(), parked(extent), recovery(extent), failover()];
}

function steps(): Cell {
  return {
    name: 'steps',
    variants: CONCURRENCIES.map((concurrency) => ({ params: { concurrency }, systems: [...ENGINES, 'commits'] })),
    metrics: { steps_per_second: '1/s', step_p50_ms: 'ms', step_p99_ms: 'ms' },
    compared: ['steps_per_second'],
    measure: (task) => measureInProcess(task.system === 'commits' ? { ...task, part: 'commits' } : task),
  };
}

function laneSteps(): Cell {
  const variants = CONCURRENCIES.map((concurrency) => ({ params: { concurrency }, systems: ENGINES }));
  return { ...steps(), name: 'lane_steps', variants, measure: measureInProcess };
}

function dispatch({ quick }: Extent): Cell {
  return {
    name: 'dispatch',
    variants: [
      { params: { load: 'idle' }, systems: ENGINES },
      { params: { load: 'lane', concurrency: 50, runs: quick ? 500 : 5000 }, systems: ENGINES },
    ],
    metrics: { enqueue_to_start_p50_ms: 'ms', enqueue_to_start_p99_ms: 'ms', runs_per_second: '1/s' },
    compared: ['runs_per_second', 'enqueue_to_start_p50_ms'],
    measure: measureInProcess,
  };
}

function growth(): Cell {
  return {
    name: 'growth',
    variants: [{ params: { steps: 200, state_bytes_per_step: 1000 }, systems: ENGINES }],
    metrics: { ...MS_OF_STEPS, wal_bytes_per_step_1_to_100: 'bytes', wal_bytes_per_step_101_to_199: 'bytes' },
    compared: ['step_at_200_ms'],
    measure: measureInProcess,
  };
}

function parked({ quick, runs }: Extent): Cell {
  const counts = runs === undefined ? (quick ? [1000] : [1000, 100_000]) : [runs];
  const variants = counts.map((count): Variant => {
    return { params: { runs: count }, systems: count <= MOST_PARKED_BY_STOCK ? ENGINES : ['holdfast'] };
  });
  return {
    name: 'parked',
    variants,
    metrics: {
      heap_bytes_per_run: 'bytes',
      rss_mb: 'MB',
      idle_transactions_per_second: '1/s',
      wake_p50_ms: 'ms',
      wake_p99_ms: 'ms',
    },
    compared: ['idle_transactions_per_second'],
    measure: measureInProcess,
  };
}

function recovery({ quick, runs }: Extent): Cell {
  return {
    name: 'recovery',
    variants: [{ params: { runs: runs ?? (quick ? 1000 : 10_000) }, systems: ENGINES }],
    metrics: { ready_seconds: 's', requeued_seconds: 's', recovered_seconds: 's' },
    compared: ['recovered_seconds'],
    measure: recoverAfterKill,
  };
}

function failover(): Cell {
  return {
    name: 'failover',
    variants: ['host', 'lease'].map((seen) => ({ params: { seen, runs: 5 }, systems: ENGINES })),
    metrics: { first_step_ms: 'ms', all_ended_ms: 'ms' },
    compared: ['first_step_ms'],
    measure: failOver,
  };
}
