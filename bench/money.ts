// Whether money is paid once: an agent with real side effects, a shop that fails, and processes that are killed; beside plain loops.

import { audit, type Findings } from './money/audit.ts';
import { runHoldfast } from './money/holdfast.ts';
import { runLoop } from './money/loop.ts';
import { type Ticket, ticketsOf } from './money/plan.ts';
import { inWorld, type Records, type Remains, type World } from './money/world.ts';
import { type Measurement, rounded } from './measurement.ts';

const SYSTEMS: Record<string, (world: World) => Promise<Records>> = {
  holdfast: runHoldfast,
  'retry-loop': (world) => runLoop('retry-loop', world),
  'no-retries': (world) => runLoop('no-retries', world),
};

const SEED = 20_260_101;
const FAULTS = { transient: 0.05, lost: 0.1 };
const EXTENTS = { full: { runs: 500, kills: 100 }, quick: { runs: 40, kills: 8 } };

const UNITS: Record<keyof Findings, string> = {
  runs_ended: 'runs',
  completion_percent: '%',
  duplicate_charges: 'refunds',
  duplicate_letters: 'letters',
  duplicate_notes: 'notes',
  missing_effects: 'effects',
  failed_runs: 'runs',
  failed_runs_not_unwound: 'runs',
  unknown_effects: 'effects',
  charges: 'refunds',
  compensations: 'refunds',
  refunds: 'refunds',
  unbalanced: 'refunds',
};

export interface MoneyBenchOptions {
  quick: boolean;
  /** The one system to run. */
  only?: string | undefined;
  runs?: number | undefined;
}

/** Runs the same tickets on each system. What holdfast has to reach is said with its figures. @throws Error when there is no system `only` */
export async function benchMoney(
  say: (line: string) => void,
  { quick, only, runs }: MoneyBenchOptions,
): Promise<Measurement[]> {
  const extent = EXTENTS[quick ? 'quick' : 'full'];
  const count = runs ?? extent.runs;
  const kills = Math.ceil((extent.kills * count) / extent.runs);
  const systems = Object.entries(SYSTEMS).filter(([name]) => only === undefined || name === only);
  if (systems.length === 0) {
    throw new Error(`There is no system '${only}'. There are: ${Object.keys(SYSTEMS).join(', ')}.`);
  }
  const tickets = ticketsOf(count, SEED);
  const measurements: Measurement[] = [];
  for (const [system, work] of systems) {
    say(`${system}: ${count} runs, ${kills} kills`);
    const remains = await inWorld({ tickets, kills, seed: SEED, say }, FAULTS, work);
    measurements.push(...measured(system, tickets, kills, remains));
  }
  return measurements;
}

function measured(system: string, tickets: readonly Ticket[], kills: number, remains: Remains): Measurement[] {
  const params = { runs: tickets.length, calls: tickets.flatMap(({ turns }) => turns.flat()).length, seed: SEED };
  const demands = system === 'holdfast' ? demandsOn(tickets) : {};
  const findings = audit(tickets, remains);
  const { records, shop } = remains;
  const measurement = (metric: string, value: number, unit: string, mustBe?: number): Measurement => {
    const figure = { bench: 'money', cell: 'money', params, system, metric, value: rounded(value), unit, repeats: 1 };
    return mustBe === undefined ? figure : { ...figure, mustBe };
  };
  return [
    ...Object.entries(findings).map(([metric, value]) =>
      measurement(metric, value as number, UNITS[metric as keyof Findings], demands[metric as keyof Findings]),
    ),
    measurement('keys_misused', shop.keysMisused, 'requests', system === 'holdfast' ? 0 : undefined),
    measurement('kills', records.kills, 'kills', system === 'holdfast' ? kills : undefined),
    measurement('interruptions', records.interruptions, 'runs'),
    measurement('shop_requests', shop.requests, 'requests'),
    measurement('transient_failures', shop.faults.busy + shop.faults.reset, 'requests'),
    measurement('lost_answers', shop.faults.lost, 'requests'),
    measurement('wall_seconds', records.seconds, 's'),
  ];
}

/** What holds whatever happens. */
function demandsOn(tickets: readonly Ticket[]): Partial<Findings> {
  return {
    runs_ended: tickets.length,
    completion_percent: 100,
    duplicate_charges: 0,
    duplicate_letters: 0,
    duplicate_notes: 0,
    missing_effects: 0,
    failed_runs: tickets.filter(({ ending }) => ending !== 'answers').length,
    failed_runs_not_unwound: 0,
    unknown_effects: 0,
    unbalanced: 0,
  };
}
