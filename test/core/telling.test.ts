import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  beginningOf,
  estimatedTokens,
  IN_FULL,
  lastingOpening,
  type Message,
  nextTelling,
  type Telling,
  told,
} from '../../src/core/telling.ts';

/** A message of a conversation in which calls have ids of their own. */
interface Part {
  type: string;
  toolCallId?: string;
  text?: string;
  output?: { type: string; value: unknown };
}

const size = fc.oneof(fc.nat(200), fc.nat(6000));
const turn = fc.oneof(
  fc.record({
    kind: fc.constant('calls' as const),
    sizes: fc.array(size, { minLength: 1, maxLength: 4 }),
    halves: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('user' as const),
    sizes: fc.array(size, { minLength: 1, maxLength: 1 }),
    halves: fc.boolean(),
  }),
);

/** The messages of an opening and of turns; some answers have two messages. */
function conversation(
  opening: number,
  turns: readonly { kind: 'calls' | 'user'; sizes: number[]; halves: boolean }[],
): Message[] {
  const messages: Message[] = [{ role: 'user', content: 'o'.repeat(opening) }];
  for (const [n, { kind, sizes, halves }] of turns.entries()) {
    if (kind === 'user') {
      messages.push(
        { role: 'assistant', content: [{ type: 'text', text: 'Well.' }] },
        { role: 'user', content: 'u'.repeat(sizes[0]!) },
      );
      continue;
    }
    const calls = sizes.map((_, k): Part => ({ type: 'tool-call', toolCallId: `${n}/${k}` }));
    const [first, second] = halves ? [calls.slice(0, 1), calls.slice(1)] : [calls, []];
    messages.push(
      { role: 'assistant', content: first },
      ...(second.length > 0 ? [{ role: 'assistant', content: second }] : []),
    );
    const results = sizes.map((length, k): Part => ({
      type: 'tool-result',
      toolCallId: `${n}/${k}`,
      output: { type: 'text', value: 'r'.repeat(length) },
    }));
    messages.push({ role: 'tool', content: results });
  }
  return messages;
}

const summaryMessage = (content: string): Message => ({ role: 'user', content });

/** Tells the conversation as an agent does, message by message; a summary has a tenth of the budget. */
function tell(messages: readonly Message[], budget: number, besides: number): { telling: Telling; acts: number } {
  let telling: Telling = { ...IN_FULL, opening: lastingOpening(messages.slice(0, 1), budget) };
  let acts = 0;
  for (let length = 1; length <= messages.length; length += 1) {
    const isAsked = messages[length]?.role !== 'tool' && messages[length - 1]!.role !== 'assistant';
    if (!isAsked && length < messages.length) continue;
    const sofar = messages.slice(0, length);
    for (let next = nextTelling(sofar, telling, { budget, besides }); next.act !== 'tell'; acts += 1) {
      if (acts > 10 * messages.length) throw new Error('It does not come to an end.');
      if (next.act === 'shorten') telling = next.telling;
      else
        telling = {
          ...telling,
          summary: 's'.repeat(budget / 3),
          summarisedTo: next.to,
          trimmedTo: Math.max(telling.trimmedTo, next.to),
        };
      next = nextTelling(sofar, telling, { budget, besides });
    }
  }
  return { telling, acts };
}

function idsOf(messages: readonly Message[], type: string): string[] {
  const parts = messages.flatMap(({ content }) => (Array.isArray(content) ? (content as Part[]) : []));
  return parts.flatMap((part) => (part.type === type ? [part.toolCallId!] : []));
}

const given = [
  fc.nat(4000),
  fc.array(turn, { maxLength: 25 }),
  fc.integer({ min: 200, max: 5000 }),
  fc.double({ min: 0, max: 0.4, noNaN: true }),
] as const;

test('calls and results are told together, the last turn always, and the whole stays within the budget where it can', () => {
  fc.assert(
    fc.property(...given, (opening, turns, budget, part) => {
      const messages = conversation(opening, turns);
      const besides = Math.floor(budget * part);
      const { telling } = tell(messages, budget, besides);
      const shown = told(messages, telling, summaryMessage);
      expect(idsOf(shown, 'tool-result')).toEqual(idsOf(shown, 'tool-call'));
      const last = turns.at(-1);
      const lastIds = last?.kind === 'calls' ? last.sizes.map((_, k) => `${turns.length - 1}/${k}`) : [];
      expect(idsOf(shown, 'tool-call').slice(-lastIds.length || Infinity)).toEqual(lastIds);
      expect(shown.slice(0, telling.opening)).toEqual(messages.slice(0, telling.opening));
      if (estimatedTokens(shown) + besides <= budget) return;
      // Nothing more could be left out: of the last turn there are the beginnings.
      expect(telling.trimmedTo).toBe(messages.length);
      const summaries = telling.summary === undefined ? 0 : 1;
      expect(shown.length - telling.opening - summaries).toBeLessThanOrEqual(3);
    }),
    { numRuns: 300 },
  );
});

test('a conversation within its budget is told as it is', () => {
  fc.assert(
    fc.property(given[0], given[1], (opening, turns) => {
      const messages = conversation(opening, turns);
      const { telling, acts } = tell(messages, estimatedTokens(messages) + 1, 0);
      expect(acts).toBe(0);
      expect(told(messages, telling, summaryMessage)).toEqual(messages);
    }),
  );
});

test('room is made for several turns at once', () => {
  const turns = Array.from({ length: 200 }, () => ({ kind: 'calls' as const, sizes: [400], halves: false }));
  const { acts } = tell(conversation(40, turns), 3000, 0);
  expect(acts).toBeLessThan(20);
});

test('what is shortened says so, and is well-formed', () => {
  expect(beginningOf('short', 10)).toBe('short');
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', '😀'), { minLength: 11, maxLength: 40 }), (characters) => {
      const text = characters.join('');
      const shortened = beginningOf(text, 10);
      expect(shortened.isWellFormed()).toBe(true);
      expect(shortened).toContain(`${text.length - 10} more characters`);
    }),
  );
});
