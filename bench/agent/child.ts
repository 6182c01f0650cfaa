// The program of a measured process: runs agents of one system, and reports to the process that started it.

import { tell } from '../engine/part.ts';
import { startDbos } from './dbos.ts';
import { startHoldfast } from './holdfast.ts';
import { startLangGraph } from './langgraph.ts';
import { startPlain } from './plain.ts';
import { type AgentSystem, type AgentTask, LAST_WORDS, openingOf, type RunAgent } from './work.ts';

const SYSTEMS: Record<AgentSystem, (task: AgentTask) => Promise<RunAgent>> = {
  holdfast: startHoldfast,
  langgraph: startLangGraph,
  'langgraph-delta': startLangGraph,
  dbos: startDbos,
  plain: startPlain,
};

// It never outlives the process that started it.
process.on('disconnect', () => process.exit(1));
const task = JSON.parse(process.argv[2]!) as AgentTask;
const runAgent = await SYSTEMS[task.system](task);
await walkMany('warm', task.agents);
const startedAt = performance.now();
const cpuBefore = process.cpuUsage();
await walkMany('timed', task.runs);
const { user, system } = process.cpuUsage(cpuBefore);
tell('figures', { seconds: (performance.now() - startedAt) / 1000, cpuMs: (user + system) / 1000 });

/** Runs `count` agents, so many at a time as the task says. */
async function walkMany(name: string, count: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) {
      const words = await runAgent(openingOf(task.turns, `${name}-${n}`));
      if (words !== LAST_WORDS) throw new Error(`The agent '${name}-${n}' ended with '${words}'.`);
    }
  };
  await Promise.all(Array.from({ length: task.agents }, work));
}
