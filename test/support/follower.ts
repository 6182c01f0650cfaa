// A follower of a run, as a client would be one: it keeps what it was told, and drops what it is told to drop.

import { type ReceivedEvent, readEvents } from '../../src/cli/sse.ts';

export interface Follower {
  /** What was said in each step, as far as it counts. */
  readonly texts: Map<number, string>;
  readonly events: ReceivedEvent[];
  /** Resolves when the run has ended. */
  readonly done: Promise<void>;
}

/** Takes an event into `texts`. */
export function take(texts: Map<number, string>, { event, data }: ReceivedEvent): void {
  const stepId = Number(data.stepId);
  if (event === 'token') texts.set(stepId, (texts.get(stepId) ?? '') + String(data.delta));
  if (event === 'reset-step') texts.delete(stepId);
}

/** Follows the run at `url` from behind the event `after`, or from its beginning. */
export function follow(url: string, id: string, after = ''): Follower {
  const texts = new Map<number, string>();
  const events: ReceivedEvent[] = [];
  const open = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${url}/v1/runs/${id}/events`, { headers: after === '' ? headers : { 'Last-Event-ID': after, ...headers } });
  const read = async (): Promise<void> => {
    for await (const event of readEvents(open)) {
      events.push(event);
      take(texts, event);
    }
  };
  return { texts, events, done: read() };
}
