// Whether a provider's quota is used, kept to, and shared fairly: a greedy tenant among quiet ones, over four processes.

import { setTimeout as delay } from 'node:timers/promises';
import { ALONE, demandOf, type Wanted } from './limits/demand.ts';
import { type Course, type Figures, figuresOf, type Window } from './limits/figures.ts';
import { holdfast } from './limits/holdfast.ts';
import { plain } from './limits/plain.ts';
import { type Quota, startProvider } from './limits/provider.ts';
import { type System, WORKERS } from './limits/system.ts';
import { type Measurement, rounded } from './measurement.ts';

const SYSTEMS: Record<string, System> = {
  holdfast,
  'per-worker': plain(1 / WORKERS),
  'per-worker-full': plain(1),
};

/** A call has about 300 tokens, so tokens are what there is too little of. */
const QUOTA: Quota = { requests: 1200, tokens: 300_000 };
const TOKENS_PER_CALL = 315;
const DEMAND = 3;
const SEED = 20_260_301;
/** The first seconds, in which buckets are not yet empty, do not count. */
const WARM_UP_MS = 8000;
/** After the demand has ended, calls that were wanted have so long to be answered. */
const CALM_MS = 10_000;
const EXTENTS = { full: { seconds: 300, alone: 120 }, quick: { seconds: 40, alone: 30 } };

export interface LimitsBenchOptions {
  quick: boolean;
  /** The one system to run. */
  only?: string | undefined;
}

/** Has every system serve the same demand. @throws Error when there is no system `only` */
export async function benchLimits(
  say: (line: string) => void,
  { quick, only }: LimitsBenchOptions,
): Promise<Measurement[]> {
  const systems = Object.entries(SYSTEMS).filter(([name]) => only === undefined || name === only);
  if (systems.length === 0)
    throw new Error(`There is no system '${only}'. There are: ${Object.keys(SYSTEMS).join(', ')}.`);
  const extent = EXTENTS[quick ? 'quick' : 'full'];
  const perSecond = (DEMAND * Math.min(QUOTA.requests, QUOTA.tokens / TOKENS_PER_CALL)) / 60;
  const demand = demandOf(extent.seconds, perSecond, SEED);
  const measurements: Measurement[] = [];
  for (const [name, system] of systems) {
    say(`${name}: a quiet tenant alone for ${extent.alone} s`);
    const own = demand.filter(({ tenant, atMs }) => tenant === ALONE && atMs < extent.alone * 1000);
    const alone = await courseOf(system, own, extent.alone);
    say(`${name}: all of them for ${extent.seconds} s, ${demand.length} calls`);
    const course = await courseOf(system, demand, extent.seconds);
    const window = { fromMs: WARM_UP_MS, toMs: extent.seconds * 1000 };
    measurements.push(...measured(name, course, alone, window));
  }
  return measurements;
}

/** Has a system make the calls at their times, and returns what the provider saw of that. */
async function courseOf(system: System, wanted: readonly Wanted[], seconds: number): Promise<Course> {
  const provider = await startProvider(QUOTA);
  let startedAt = 0;
  try {
    await system({ url: provider.url, quota: QUOTA }, async (submit) => {
      startedAt = performance.now();
      const since = (): number => performance.now() - startedAt;
      const submissions: Promise<void>[] = [];
      for (const [n, call] of wanted.entries()) {
        await delay(Math.max(0, call.atMs - since()));
        submissions.push(submit(call, n));
      }
      await Promise.all(submissions);
      await delay(Math.max(0, seconds * 1000 - since()) + CALM_MS);
    });
  } finally {
    await provider.close();
  }
  const answered = provider.answered.map((answer) => ({ ...answer, at: answer.at - startedAt }));
  return { wanted, answered, refused: provider.refused.map((at) => at - startedAt) };
}

function measured(system: string, course: Course, alone: Course, window: Window): Measurement[] {
  const params = { workers: WORKERS, rpm: QUOTA.requests, tpm: QUOTA.tokens, demand: DEMAND };
  const figures: Figures = figuresOf(course, alone, QUOTA, window);
  return Object.entries(figures).map(([metric, value]) => ({
    bench: 'limits',
    cell: 'limits',
    params: { ...params, seconds: Math.round(window.toMs / 1000) },
    system,
    metric,
    value: rounded(value as number),
    unit: '',
    repeats: 1,
  }));
}
