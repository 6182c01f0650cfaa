// What the shop says, and where it is.

import { RetryableError, TerminalError } from 'holdfast';

export interface Order {
  id: string;
  customer: string;
  cents: number;
}

export interface Refund {
  id: string;
  orderId: string;
  cents: number;
}

export interface Sent {
  id: string;
}

/** Returns the address of `path` at the shop: SHOP_URL, or http://127.0.0.1:3100. */
export function shopUrl(path: string): string {
  return `${process.env.SHOP_URL || 'http://127.0.0.1:3100'}${path}`;
}

/** Returns the answer's body. @throws RetryableError when the shop is busy or broken; TerminalError when it refuses the request */
export async function answerOf<T>(answer: Response): Promise<T> {
  const body = (await answer.json()) as T & { error?: string };
  if (answer.ok) return body;
  const message = `The shop answered ${answer.status}: ${body.error ?? 'no reason given'}`;
  if (answer.status === 429 || answer.status >= 500) throw new RetryableError('shop_unavailable', message);
  throw new TerminalError('shop_refused', message);
}
