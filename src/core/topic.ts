// The names under which messages wait for a run.

import { InvalidInput } from './errors.ts';

/** The runtime's own topics begin like this. What comes on them wakes a run to look at its rows, and says nothing by itself. */
const OWN = 'holdfast.';

/** @throws InvalidInput `invalid_topic` for what Postgres' texts cannot hold (U+0000), and for the runtime's own topics. */
export function assertTopic(topic: string): void {
  const problem = topic.includes('\0')
    ? 'it has the character U+0000 in it'
    : topic.startsWith(OWN) && `topics that begin with '${OWN}' are the runtime's own`;
  if (!problem) return;
  throw new InvalidInput('invalid_topic', `${JSON.stringify(topic)} cannot be a topic: ${problem}. Use another topic.`);
}

/** Returns the topic on which the run is woken that asks for the approval. */
export function approvalTopic(approvalId: string): string {
  return `${OWN}approval.${approvalId}`;
}
