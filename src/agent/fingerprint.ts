// The fingerprint of an agent: what it asks its model with, as its author has written it.

import { type Fingerprint, fingerprintOf } from '../core/fingerprint.ts';
import type { AgentOptions, NamedTool } from '../define/agent.ts';
import { jsonSchemaOf } from './tools.ts';

/** Steps of an agent's loop that do nothing to anybody. */
const OF_THE_LOOP = ['model', 'compact', 'DBOS.now'];

/**
 * Returns the fingerprint of the agent with these tools. Of a tool whose server has to be asked about it, what the app itself says counts:
 * what is recorded has to be read without that server.
 */
export function agentFingerprint(
  { version, instructions, output, parameters }: AgentOptions,
  tools: readonly NamedTool[],
): Fingerprint {
  return fingerprintOf({
    version,
    instructions,
    tools: tools.map(({ name, description, input, describe }) => ({
      name,
      description,
      schema: describe ? undefined : jsonSchemaOf(input),
    })),
    ...(output && { schema: jsonSchemaOf(output) }),
    parameters,
  });
}

/** Returns the names of the steps of an agent with these tools that do nothing to anybody: they may be forgotten, and done again. */
export function harmlessSteps(tools: readonly NamedTool[]): string[] {
  const steps = tools.flatMap(({ entry }) =>
    entry.operation.kind === 'tool'
      ? [{ name: entry.operation.options.name ?? entry.name, effect: entry.operation.options.effect }]
      : [],
  );
  const acting = new Set(steps.filter(({ effect }) => effect !== 'read').map(({ name }) => name));
  return [...OF_THE_LOOP, ...steps.map(({ name }) => name)].filter((name) => !acting.has(name));
}
