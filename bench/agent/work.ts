// What every system of the agent bench is given to do: the same instructions, the same tool, and the address of the same model.

import { z } from 'zod';

/** What a measured process is given. */
export interface AgentTask {
  part: 'turns' | 'many';
  system: AgentSystem;
  databaseUrl: string;
  /** Up to and including the version, as the OpenAI API has it. */
  modelUrl: string;
  /** How many turns an agent has, each with one call of the tool. */
  turns: number;
  /** How many agents run at a time. */
  agents: number;
  /** How many agents run in all, one after the other in each of those places, after one that is not counted. */
  runs: number;
}

export type AgentSystem = 'holdfast' | 'langgraph' | 'langgraph-delta' | 'dbos' | 'plain';

/** A system that is ready to run agents: runs one from its opening to its last words. */
export type RunAgent = (opening: string) => Promise<string>;

export const MODEL = 'stub';
export const INSTRUCTIONS = 'You walk from place to place, and look around at each of them.';
export const LOOK = 'Look around at a place';
export const LookInput = z.object({ place: z.string() });
/** What the model says in the end. */
export const LAST_WORDS = 'That was all.';

const VIEW_CHARACTERS = 200;

/** The tool: what is to be seen at a place. */
export function viewOf({ place }: z.output<typeof LookInput>): string {
  return `At ${place} there is nothing to be seen but`.padEnd(VIEW_CHARACTERS, ' grass');
}

/** Returns what an agent's conversation begins with; `name` tells the model's side which run it is. */
export function openingOf(turns: number, name: string): string {
  return `Walk to ${turns} places. This walk is called ${name}.`;
}
