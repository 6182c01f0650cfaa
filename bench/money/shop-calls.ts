// How the tools of the money bench talk to the shop, whoever calls them: with the `fetch` that they are given.

import { RetryableError, TerminalError } from 'holdfast';

export interface Made {
  id: string;
}

type Fetch = typeof globalThis.fetch;

/** Returns the address of `path` at the shop, which SHOP_URL names. */
function at(path: string): string {
  return `${process.env.SHOP_URL}${path}`;
}

/** Looks up an order. */
export async function lookUp(orderId: string, fetch: Fetch): Promise<unknown> {
  return answerOf(await fetch(at(`/orders/${orderId}`)));
}

/** Posts what the model asked for: a refund or a letter. */
export async function make(what: 'refunds' | 'letters', args: object, fetch: Fetch, headers = {}): Promise<Made> {
  return answerOf(await fetch(at(`/${what}`), { method: 'POST', body: JSON.stringify(args), headers }));
}

/** Takes the refund `id` back, which may be `by-key/` and the key that it was asked with. */
export async function takeBack(id: string, fetch: Fetch, headers = {}): Promise<void> {
  await answerOf(await fetch(at(`/refunds/${id}/reverse`), { method: 'POST', headers }));
}

/** Returns the letter that was sent with `key`, or undefined when there is none. */
export async function letterOf(key: string, fetch: Fetch): Promise<Made | undefined> {
  const answer = await fetch(at(`/letters/${key}`));
  return answer.status === 404 ? undefined : answerOf<Made>(answer);
}

/** @throws RetryableError when the shop is busy; TerminalError when it refuses the request */
async function answerOf<T>(answer: Response): Promise<T> {
  const body = (await answer.json()) as T & { error?: string };
  if (answer.ok) return body;
  const message = `The shop answered ${answer.status}: ${body.error ?? 'no reason given'}.`;
  if (answer.status >= 500) throw new RetryableError('shop_unavailable', message);
  throw new TerminalError('shop_refused', message);
}
