// A reader of a run's events who comes and goes: it leaves in the middle, and comes back to whatever replica is there.

import { setTimeout as delay } from 'node:timers/promises';

export interface Listener {
  /** What was said in each step, as far as it counts. */
  readonly texts: Map<number, string>;
  /** How often it came back, was told to drop something, and was told more of something. */
  readonly counts: { connections: number; resets: number; tokens: number };
  /** Resolves at the end of the run. */
  readonly done: Promise<void>;
}

interface Reading {
  listener: Listener;
  runId: string;
  /** The replicas that are there. */
  urls: () => readonly string[];
  random: () => number;
  lastId: string;
}

/** How many events it stays for, at most, and how long it is away. */
const STAYS_FOR = 6;
const AWAY_MS = 400;

/** Listens to a run; when it leaves and where it comes back to is decided by `random`. */
export function listen(runId: string, urls: () => readonly string[], random: () => number): Listener {
  const listener = { texts: new Map<number, string>(), counts: { connections: 0, resets: 0, tokens: 0 } };
  const reading: Reading = { listener: listener as Listener, runId, urls, random, lastId: '' };
  return Object.assign(listener, { done: untilEnd(reading) });
}

async function untilEnd(reading: Reading): Promise<void> {
  const { listener, runId, urls, random } = reading;
  for (let isOver = false; !isOver; await delay(random() * AWAY_MS)) {
    const url = urls()[Math.floor(random() * urls().length)]!;
    const headers: Record<string, string> = reading.lastId === '' ? {} : { 'Last-Event-ID': reading.lastId };
    const leaving = new AbortController();
    listener.counts.connections += 1;
    try {
      const response = await fetch(`${url}/v1/runs/${runId}/events`, { headers, signal: leaving.signal });
      isOver = await read(reading, response, Math.ceil(random() * STAYS_FOR));
    } catch {
      // The replica is gone.
    } finally {
      leaving.abort();
    }
  }
}

/** Takes in so many events. What came with them is lost, as it would be with the connection. Returns whether the run has ended. */
async function read(reading: Reading, response: Response, most: number): Promise<boolean> {
  let rest = '';
  let left = most;
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
      if (fields.get('event') === 'end') return true;
      if (!fields.has('event')) continue;
      take(reading, fields);
      left -= 1;
      if (left === 0) return false;
    }
  }
  return false;
}

function take(reading: Reading, fields: Map<string, string>): void {
  const { texts, counts } = reading.listener;
  reading.lastId = fields.get('id') ?? reading.lastId;
  const { stepId, delta } = JSON.parse(fields.get('data')!) as { stepId: number; delta: string };
  if (fields.get('event') === 'token') {
    counts.tokens += 1;
    texts.set(stepId, (texts.get(stepId) ?? '') + delta);
  } else if (fields.get('event') === 'reset-step') {
    counts.resets += 1;
    texts.delete(stepId);
  }
}
