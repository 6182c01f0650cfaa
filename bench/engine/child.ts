// The program of a measured part: does what its one argument describes, and reports to the process that started it.

import { measureCommits } from './commits.ts';
import { measureDispatch } from './dispatch.ts';
import { survive } from './failover.ts';
import { measureGrowth } from './growth.ts';
import { measureParked } from './parked.ts';
import { type Figures, type Task, tell } from './part.ts';
import { measureRecovery } from './recovery.ts';
import { measureSteps } from './steps.ts';
import { hold } from './held.ts';

const PARTS: Record<string, (task: Task) => Promise<Figures>> = {
  steps: measureSteps,
  lane_steps: measureSteps,
  commits: measureCommits,
  dispatch: measureDispatch,
  growth: measureGrowth,
  parked: measureParked,
  recovery: measureRecovery,
  hold,
  survive,
};

// It never outlives the process that started it.
process.on('disconnect', () => process.exit(1));
const task = JSON.parse(process.argv[2]!) as Task;
tell('figures', await PARTS[task.part]!(task));
