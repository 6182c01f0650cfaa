// Days that pass in a moment, for tests of what waits.

import { type Duration, toMilliseconds } from '../core/duration.ts';
import { skipRecordedTime } from '../engine/skip-time.ts';

/**
 * Makes time pass for the runs of a database, once all of them wait: sleeps, timeouts and delays end that much earlier, and
 * whatever the runs recorded of the time lies that much further back. `now()` goes on as before. Runs whose time has come wake within a
 * second.
 * @throws HoldfastError `run_busy`, naming a run that is still at work after ten seconds; InvalidInput `invalid_duration`
 */
export function skipTime(databaseUrl: string, duration: Duration): Promise<void> {
  return skipRecordedTime(databaseUrl, toMilliseconds(duration));
}
