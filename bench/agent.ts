// What a turn of an agent costs, in time and in bytes written, early and late in a long conversation, and with many agents at a time.

import type pg from 'pg';
import { startWalkModel } from './agent/model.ts';
import type { AgentSystem, AgentTask } from './agent/work.ts';
import { withCluster } from './engine/cluster.ts';
import { observe, walPosition } from './engine/observer.ts';
import { type Figures, Part } from './engine/part.ts';
import { type Measurement, median, rounded } from './measurement.ts';

const SYSTEMS: readonly AgentSystem[] = ['plain', 'holdfast', 'dbos', 'langgraph', 'langgraph-delta'];
const REPEATS = 3;
/** A time is the median of this many turns of each agent. */
const WINDOW = 10;

type Cell = Pick<AgentTask, 'part' | 'turns' | 'agents' | 'runs'>;

const CELLS: readonly Cell[] = [
  { part: 'turns', turns: 200, agents: 1, runs: 3 },
  { part: 'many', turns: 10, agents: 50, runs: 300 },
];
const QUICK: Record<Cell['part'], number> = { turns: 1, many: 50 };

const UNITS: Record<string, string> = {
  turn_at_10_ms: 'ms',
  turn_at_50_ms: 'ms',
  turn_at_100_ms: 'ms',
  turn_at_200_ms: 'ms',
  wal_bytes_per_turn_1_to_100: 'bytes',
  wal_bytes_per_turn_101_to_200: 'bytes',
  database_bytes_per_turn: 'bytes',
  run_seconds: 's',
  cpu_ms_per_turn: 'ms',
  turns_per_second: '1/s',
};

export interface AgentBenchOptions {
  quick: boolean;
  /** The one cell to measure. */
  only?: string | undefined;
}

/** Measures the cells; in each the systems take turns. @throws Error when there is no cell `only` */
export async function benchAgent(
  say: (line: string) => void,
  { quick, only }: AgentBenchOptions,
): Promise<Measurement[]> {
  const cells = CELLS.filter(({ part }) => only === undefined || part === only);
  if (cells.length === 0) {
    throw new Error(`There is no cell '${only}'. There are: ${CELLS.map(({ part }) => part).join(', ')}.`);
  }
  const repeats = quick ? 1 : REPEATS;
  const measurements: Measurement[] = [];
  for (const cell of cells) {
    const runs = quick ? QUICK[cell.part] : cell.runs;
    const found = new Map<AgentSystem, Figures[]>(SYSTEMS.map((system) => [system, []]));
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      for (const [index] of SYSTEMS.entries()) {
        const system = SYSTEMS[(index + repeat) % SYSTEMS.length]!;
        const figures = await measure({ ...cell, runs, system });
        found.get(system)!.push(figures);
        say(`${cell.part} ${system}, ${repeat + 1} of ${repeats}: ${JSON.stringify(figures)}`);
      }
    }
    const { part, turns, agents } = cell;
    for (const [system, all] of found) {
      for (const metric of Object.keys(all[0]!)) {
        const value = rounded(median(all.map((figures) => figures[metric]!)));
        const params = { turns, agents, runs };
        measurements.push({
          bench: 'agent',
          cell: part,
          params,
          system,
          metric,
          value,
          unit: UNITS[metric]!,
          repeats,
        });
      }
    }
  }
  return measurements;
}

/** What the model saw of the walks that count, and what the database had written at some of its turns. */
interface Sight {
  /** When each turn was asked for, by walk; turn `n` stands at `n`. */
  askedAt: Map<string, number[]>;
  /** How far the write-ahead log had come when the turns 1, 101 and 201 were asked for. */
  wal: Map<string, number[]>;
  sizeBefore: number;
}

/** Has a process of its own run the agents, on a new cluster, with the model in this process. */
async function measure(cell: Cell & { system: AgentSystem }): Promise<Figures> {
  return withCluster(async (databaseUrl): Promise<Figures> => {
    const database = await observe(databaseUrl);
    const sight: Sight = { askedAt: new Map(), wal: new Map(), sizeBefore: 0 };
    const model = await startWalkModel((walk, n) => {
      return cell.part === 'turns' && walk.startsWith('timed') ? note(sight, database, walk, n) : undefined;
    });
    const task: AgentTask = { ...cell, databaseUrl, modelUrl: model.url };
    const part = new Part(task, new URL('./agent/child.js', import.meta.url));
    try {
      const { seconds, cpuMs } = await part.says('figures');
      const turns = cell.runs * cell.turns;
      const cpu = { cpu_ms_per_turn: cpuMs! / turns };
      if (cell.part === 'many') return { turns_per_second: turns / seconds!, ...cpu };
      const grown = (await databaseSize(database)) - sight.sizeBefore;
      return { ...figuresOf(sight), database_bytes_per_turn: grown / turns, run_seconds: seconds! / cell.runs, ...cpu };
    } finally {
      await part.kill();
      await model.close();
      await database.end();
    }
  });
}

/** Notes a turn before it is answered. Those that are noted by the database as well take longer, and do not count. */
async function note(sight: Sight, database: pg.Client, walk: string, n: number): Promise<void> {
  const turns = sight.askedAt.get(walk) ?? [];
  sight.askedAt.set(walk, turns);
  turns[n] = performance.now();
  if (sight.sizeBefore === 0) sight.sizeBefore = await databaseSize(database);
  if (n % 100 !== 1) return;
  const positions = sight.wal.get(walk) ?? [];
  sight.wal.set(walk, [...positions, await walPosition(database)]);
}

function figuresOf({ askedAt, wal }: Sight): Figures {
  const times = (turn: number): number => {
    const last = Array.from({ length: WINDOW }, (_, index) => turn - index).filter((n) => n % 100 !== 1);
    return median([...askedAt.values()].flatMap((at) => last.map((n) => at[n + 1]! - at[n]!)));
  };
  const bytes = (half: number): number => {
    return median([...wal.values()].map((positions) => (positions[half + 1]! - positions[half]!) / 100));
  };
  return {
    turn_at_10_ms: times(10),
    turn_at_50_ms: times(50),
    turn_at_100_ms: times(100),
    turn_at_200_ms: times(200),
    wal_bytes_per_turn_1_to_100: bytes(0),
    wal_bytes_per_turn_101_to_200: bytes(1),
  };
}

async function databaseSize(database: pg.Client): Promise<number> {
  const { rows } = await database.query<{ bytes: string }>('SELECT pg_database_size(current_database()) AS bytes');
  return Number(rows[0]!.bytes);
}
