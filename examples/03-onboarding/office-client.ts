// What is asked of the office, and where it is.

import { RetryableError, TerminalError } from 'holdfast';

export interface Mail {
  to: string;
  text: string;
}

/** What the office has made. */
export interface Made {
  id: string;
}

type Fetch = typeof globalThis.fetch;

/** Has something made: `accounts`, `grants` or `mails`. @throws as `answerOf` */
export async function make(fetch: Fetch, what: string, body: unknown): Promise<Made> {
  return answerOf<Made>(await fetch(address(what), { method: 'POST', body: JSON.stringify(body) }));
}

/** Takes something back, by its id or by the key that it was made with; what was never made, too. @throws as `answerOf` */
export async function remove(fetch: Fetch, what: string, name: string): Promise<void> {
  await answerOf(await fetch(address(what, name), { method: 'DELETE' }));
}

/** Returns what was made with a key, or undefined. @throws as `answerOf` */
export async function find(fetch: Fetch, what: string, key: string): Promise<Made | undefined> {
  const answer = await fetch(address(what, key));
  return answer.status === 404 ? undefined : answerOf<Made>(answer);
}

/** OFFICE_URL, or http://127.0.0.1:3200. */
function address(...path: string[]): string {
  return [process.env.OFFICE_URL || 'http://127.0.0.1:3200', ...path.map(encodeURIComponent)].join('/');
}

/** @throws RetryableError when the office is busy or broken; TerminalError when it refuses the request */
async function answerOf<T>(answer: Response): Promise<T> {
  const body = (await answer.json()) as T & { error?: string };
  if (answer.ok) return body;
  const message = `The office answered ${answer.status}: ${body.error ?? 'no reason given'}`;
  if (answer.status === 429 || answer.status >= 500) throw new RetryableError('office_unavailable', message);
  throw new TerminalError('office_refused', message);
}
