// An office that books and cancels over HTTP, and can be made to lose answers, to refuse, and to be slow.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { z } from 'zod';
import type { ToolContext } from '../../../src/index.ts';

export const BookingSchema = z.object({ item: z.string() });
export type Booking = z.output<typeof BookingSchema>;

/** What was booked, and how the office behaves. */
export const bookings = {
  url: '',
  /** Item by the key with which it was booked. */
  booked: new Map<string, string>(),
  /** What was asked, in order. */
  log: [] as string[],
  keys: new Set<string>(),
  loseAnswerTo: '',
  refuse: '',
  /** How the next bookings of a hotel are answered, all of which are made: with a status, or with 0 not at all. */
  answers: [] as number[],
  /** What waits until somebody else asks for the same, too. */
  awaitsSecond: '',
  answerFirst: undefined as (() => void) | undefined,
};

const server = createServer((request, response) => {
  const key = request.headers['idempotency-key'] as string;
  const [, act, item] = request.url!.split('/') as [string, string, string];
  bookings.log.push(`${act} ${item}`);
  if (bookings.refuse === item) {
    response.writeHead(500).end();
    return;
  }
  if (act === 'book') bookings.booked.set(key, item);
  else for (const [booked, name] of bookings.booked) if (name === item) bookings.booked.delete(booked);
  bookings.keys.add(key);
  const status = act === 'book' && item === 'hotel' ? bookings.answers.shift() : undefined;
  const isFirst = bookings.awaitsSecond === `${act} ${item}` && !bookings.answerFirst;
  if (isFirst) bookings.answerFirst = () => response.end('{}');
  else if (status === 0) request.socket.destroy();
  else if (status !== undefined) response.writeHead(status).end();
  else if (bookings.loseAnswerTo === item && act === 'book') request.socket.destroy();
  else response.end(JSON.stringify({ id: `booking of ${item}` }));
  if (!isFirst && bookings.awaitsSecond === `${act} ${item}`) bookings.answerFirst?.();
});

/** Opens the office for the tests of a file; each of them finds it empty. */
export function openBookings(): void {
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    bookings.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());
  beforeEach(() => {
    bookings.booked.clear();
    bookings.keys.clear();
    Object.assign(bookings, {
      log: [],
      loseAnswerTo: '',
      refuse: '',
      answers: [],
      awaitsSecond: '',
      answerFirst: undefined,
    });
  });
}

/** Asks the office to book or to cancel something. */
export async function ask(act: string, { item }: Booking, { fetch }: ToolContext): Promise<{ id: string }> {
  const response = await fetch(`${bookings.url}/${act}/${item}`, { method: 'POST' });
  if (!response.ok) throw new Error(`${act} ${item}: ${response.status}`);
  return (await response.json()) as { id: string };
}
