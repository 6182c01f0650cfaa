// What the routes need of runs: reading them, and waiting for their end.

import { isFinal } from '../../core/run.ts';
import type { Run, RunSummary } from '../../views/runs.ts';

/** Reads runs and hears of their end. */
export interface RunReader {
  get(id: string, tenant: string | undefined): Promise<Run>;
  ended(id: string, signal: AbortSignal): Promise<void>;
}

/** Returns the run once it has ended, or as it is after `seconds`, or as soon as `signal` is aborted. The run is not affected. */
export async function waitForEnd(reader: RunReader, run: Run, seconds: number, signal: AbortSignal): Promise<Run> {
  if (isFinal(run.status) || seconds === 0) return run;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
  try {
    await reader.ended(run.id, limit);
  } catch (error) {
    if (!limit.aborted) throw error;
  }
  return reader.get(run.id, undefined);
}

/** Returns the run without input, result and error. */
export function summaryOf(run: Run): RunSummary {
  const { input: _input, result: _result, error: _error, ...summary } = run;
  return summary;
}
