// A worker as it is often written: a queue in memory, a token bucket in front of the provider, and another try after a refusal.

import { setTimeout as delay } from 'node:timers/promises';
import { MOST_OUTPUT, promptOf } from './demand.ts';

export interface PlainSettings {
  url: string;
  /** A minute. */
  requests: number;
  tokens: number;
}

const { url, requests, tokens } = JSON.parse(process.argv[2]!) as PlainSettings;
const queue: string[] = [];
/** Five seconds of the rate at most, as the other system has it. */
const BURST_MS = 5000;
const CHARACTERS_PER_TOKEN = 4;
const limiter = { requests: { left: 0, perMs: requests / 60_000 }, tokens: { left: 0, perMs: tokens / 60_000 } };
const clock = { at: performance.now() };

// It never outlives the process that started it.
process.on('disconnect', () => process.exit(1));
process.on('message', (id: string) => void queue.push(id));
process.send!('ready');
void work();

async function work(): Promise<void> {
  for (;;) {
    refill();
    const id = queue[0];
    const most = id === undefined ? 0 : promptOf(id).length / CHARACTERS_PER_TOKEN + MOST_OUTPUT;
    if (id !== undefined && limiter.requests.left >= 1 && limiter.tokens.left >= most) {
      queue.shift();
      limiter.requests.left -= 1;
      limiter.tokens.left -= most;
      void call(id, most);
    } else {
      await delay(5);
    }
  }
}

function refill(): void {
  const now = performance.now();
  for (const bucket of Object.values(limiter))
    bucket.left = Math.min(BURST_MS * bucket.perMs, bucket.left + (now - clock.at) * bucket.perMs);
  clock.at = now;
}

async function call(id: string, most: number): Promise<void> {
  const body = { model: 'stub', max_tokens: MOST_OUTPUT, messages: [{ role: 'user', content: promptOf(id) }] };
  const response = await fetch(`${url}/chat/completions`, { method: 'POST', body: JSON.stringify(body) });
  if (response.status === 429) {
    limiter.tokens.left += most;
    await delay(1000 * Number(response.headers.get('retry-after')));
    queue.unshift(id);
    return;
  }
  const { usage } = (await response.json()) as { usage: { total_tokens: number } };
  limiter.tokens.left += most - usage.total_tokens;
}
