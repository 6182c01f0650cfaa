// The shop's books: what it did, for which key, whoever asked for it how often.

import { CENTS, UNKNOWN_ORDER } from './plan.ts';

export interface RefundEntry {
  id: string;
  key: string;
  order: string;
  /** The keys of the requests that took it back; one, unless somebody takes money back twice. */
  reversals: string[];
}

export interface LetterEntry {
  id: string;
  key: string;
  ticket: string;
}

/** What is reported of the books. */
export interface Books {
  refunds: RefundEntry[];
  letters: LetterEntry[];
  /** Keys that came with different requests, which an honest caller never sends. */
  keysMisused: number;
}

export interface Answer {
  status: number;
  body: unknown;
}

/** A request as the shop understands it. `subject` is the order or the ticket, however it was written. */
export interface ShopRequest {
  method: string;
  path: string[];
  key: string | undefined;
  body: { orderId?: string; ticket?: string };
}

/** Does everything once for each key, and the same thing twice for two keys. */
export class Bookkeeper {
  readonly books: Books = { refunds: [], letters: [], keysMisused: 0 };
  readonly #answers = new Map<string, { request: string; answer: Answer }>();

  answer({ method, path, key, body }: ShopRequest): Answer {
    const [what, id = '', ...rest] = path;
    if (method === 'GET') return what === 'letters' ? this.#letter(id) : orderOf(id);
    if (key === undefined) return { status: 400, body: { error: 'an Idempotency-Key is missing' } };
    const subject = normal(body.orderId ?? body.ticket ?? '');
    const request = JSON.stringify([path, subject]);
    const earlier = this.#answers.get(key);
    if (earlier && earlier.request !== request) {
      this.books.keysMisused += 1;
      return { status: 422, body: { error: 'the key was used for something else' } };
    }
    const answer = earlier?.answer ?? (id === '' ? this.#make(what, key, subject) : this.#reverse(id, rest, key));
    this.#answers.set(key, { request, answer });
    return answer;
  }

  #letter(key: string): Answer {
    const letter = this.books.letters.find((sent) => sent.key === key);
    return letter ? { status: 200, body: { id: letter.id } } : { status: 404, body: { error: 'no such letter' } };
  }

  #make(what: string | undefined, key: string, subject: string): Answer {
    const { refunds, letters } = this.books;
    if (what === 'letters') {
      const letter = { id: `L-${letters.length + 1}`, key, ticket: subject };
      letters.push(letter);
      return { status: 201, body: { id: letter.id } };
    }
    if (subject.startsWith(UNKNOWN_ORDER)) return { status: 404, body: { error: `there is no order '${subject}'` } };
    const refund = { id: `R-${refunds.length + 1}`, key, order: subject, reversals: [] };
    refunds.push(refund);
    return { status: 201, body: { id: refund.id } };
  }

  #reverse(id: string, [forwardKey]: string[], key: string): Answer {
    const refund = this.books.refunds.find((made) => (id === 'by-key' ? made.key === forwardKey : made.id === id));
    refund?.reversals.push(key);
    return { status: 200, body: { reversed: refund !== undefined } };
  }
}

function orderOf(id: string): Answer {
  return { status: 200, body: { id: normal(id), cents: CENTS } };
}

/** People and models write the same order in different ways. */
function normal(subject: string): string {
  return subject.trim().toUpperCase();
}
