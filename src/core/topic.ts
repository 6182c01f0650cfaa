// The names under which messages wait for a run.

import { InvalidInput } from './errors.ts';

/** @throws InvalidInput `invalid_topic` for what Postgres' texts cannot hold: U+0000. */
export function assertTopic(topic: string): void {
  if (!topic.includes('\0')) return;
  throw new InvalidInput(
    'invalid_topic',
    `${JSON.stringify(topic)} cannot be a topic: it has the character U+0000 in it. Use another topic.`,
  );
}
