import { expect, test } from 'vitest';
import type { ReadChunk } from '../../src/store/token-chunks.ts';
import { formatHeard, type Heard, NOTHING_HEARD, parseHeard, tellChunk, tellRest } from '../../src/views/tokens.ts';

function piece(generation: string, start: number, text: string, stepId = 1): ReadChunk {
  return { id: 1, stepId, generation, start, deltas: text === '' ? [] : [[0, 'text', text]] };
}

/** What a client has of step 1 after these pieces, and what is heard then. */
function after(pieces: readonly ReadChunk[], from: Heard = NOTHING_HEARD): { text: string; heard: Heard } {
  let [text, heard] = ['', from];
  for (const chunk of pieces) {
    for (const { event, data, heard: now } of tellChunk(heard, chunk)) {
      text = event === 'reset-step' ? '' : text + String(data.delta);
      heard = now;
    }
  }
  return { text, heard };
}

test('pieces that come again or overlap are told once', () => {
  const { text } = after([piece('a', 0, 'It ra'), piece('a', 0, 'It ra'), piece('a', 3, 'rains'), piece('a', 8, '.')]);
  expect(text).toBe('It rains.');
});

test('what comes behind something that is missing waits for the record', () => {
  const { text, heard } = after([piece('a', 0, 'It '), piece('a', 5, 'ins')]);
  expect(text).toBe('It ');
  const rest = tellRest(heard, 1, { generation: 'a', deltas: [[0, 'text', 'It rains']] });
  expect(rest.map(({ event, data }) => [event, data.delta])).toEqual([['token', 'rains']]);
});

test('another attempt begins anew, and so does a record of another one', () => {
  expect(after([piece('a', 0, 'It snows'), piece('b', 0, '')]).text).toBe('');
  const { text, heard } = after([piece('a', 0, 'It snows'), piece('b', 0, 'It')]);
  expect(text).toBe('It');
  const other = tellRest(heard, 1, { generation: 'c', deltas: [[0, 'text', 'It rains']] });
  expect(other.map(({ event }) => event)).toEqual(['reset-step', 'token']);
  expect(tellRest(heard, 1, undefined).map(({ event }) => event)).toEqual(['reset-step']);
});

test('what is heard is read as it was written; where it is too much, the rest begins anew', () => {
  const places = Array.from({ length: 40 }, (_, n): [number, { generation: string; offset: number }] => [
    n,
    { generation: 'abcdef123456', offset: 1000 },
  ]);
  const few: Heard = { places: new Map(places.slice(0, 5)), isCut: false };
  expect(parseHeard(formatHeard(few))).toEqual(few);
  const all = formatHeard({ places: new Map(places), isCut: false });
  expect(all.length).toBeLessThan(402);
  const heard = parseHeard(all)!;
  expect(heard.isCut).toBe(true);
  expect(tellChunk(heard, piece('abcdef123456', 0, 'Again', 39)).map(({ event }) => event)).toEqual([
    'reset-step',
    'token',
  ]);
  expect(tellChunk(heard, piece('abcdef123456', 1000, 'More', 0)).map(({ event }) => event)).toEqual(['token']);
  expect(parseHeard('1~a~x')).toBeUndefined();
});
