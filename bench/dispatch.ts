// How long a run waits between the request and the start of its body on an idle service, and how many instant runs a lane takes.

import { type Measurement, median, rounded } from './measurement.ts';
import { type ServiceProcess, startServiceProcess } from './service-process.ts';

const STARTS = 60;
const RUNS = 500;
const CALLERS = 20;

/** Measures over HTTP; start times are those that the database recorded. */
export async function benchDispatch(say: (line: string) => void): Promise<Measurement[]> {
  const service = await startServiceProcess('bench/apps/instant.js');
  try {
    await start(service);
    say('Enqueue to start, idle');
    const waits: number[] = [];
    for (let index = 0; index < STARTS; index += 1) waits.push(await startDelay(service));
    say('Instant runs, over HTTP');
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: CALLERS }, () => startMany(service, RUNS / CALLERS)));
    const perSecond = (RUNS * 1000) / (performance.now() - startedAt);
    const sorted = waits.sort((a, b) => a - b);
    const measured = (cell: string, metric: string, value: number, unit: string, repeats: number): Measurement => {
      return {
        bench: 'dispatch',
        cell,
        params: { callers: cell === 'idle' ? 1 : CALLERS },
        system: 'holdfast',
        metric,
        value: rounded(value),
        unit,
        repeats,
      };
    };
    return [
      measured('idle', 'enqueue_to_start_p50_ms', median(waits), 'ms', STARTS),
      measured('idle', 'enqueue_to_start_p99_ms', sorted[Math.floor(STARTS * 0.99)]!, 'ms', STARTS),
      measured('busy', 'runs_per_second', perSecond, '1/s', RUNS),
    ];
  } finally {
    await service.stop();
  }
}

async function startMany(service: ServiceProcess, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await start(service);
}

async function start(service: ServiceProcess): Promise<{ createdAt: string; result: number }> {
  const response = await fetch(`${service.url}/v1/workflows/Instant.run/runs`, {
    method: 'POST',
    headers: { Prefer: 'wait=30' },
  });
  return (await response.json()) as { createdAt: string; result: number };
}

/** The body returns the time at which it began. */
async function startDelay(service: ServiceProcess): Promise<number> {
  const { createdAt, result } = await start(service);
  return result - Date.parse(createdAt);
}
