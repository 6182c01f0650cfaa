import { expect, test } from 'vitest';
import {
  behind,
  type Delta,
  formatPlaces,
  inPieces,
  lengthOf,
  merged,
  parsePlaces,
  saidIn,
} from '../../src/core/tokens.ts';

const SAID: Delta[] = [
  [0, 'reasoning', 'Hm. '],
  [1, 'text', 'It 🌧'],
  [1, 'text', ' rains'],
];

test('what is behind a place is the rest, wherever that is', () => {
  const whole = merged(SAID);
  expect(whole).toEqual([
    [0, 'reasoning', 'Hm. '],
    [1, 'text', 'It 🌧 rains'],
  ]);
  const text = (deltas: readonly Delta[]): string => deltas.map(([, , said]) => said).join('');
  for (let units = 0; units <= lengthOf(SAID); units += 1) {
    expect(text(behind(SAID, units))).toBe(text(whole).slice(units));
  }
});

test('pieces are no longer than they may be, and cut no character', () => {
  const pieces = inPieces([[0, 'text', 'ab🌧cd🌧🌧']], 3);
  expect(pieces.map(([, , text]) => text)).toEqual(['ab', '🌧c', 'd🌧', '🌧']);
});

test('places are read as they were written, and others are refused', () => {
  const places = new Map([
    [6, { generation: 'k3j9', offset: 120 }],
    [70, { generation: 'a', offset: 0 }],
  ]);
  expect(formatPlaces(places, 100)).toEqual({ text: '6~k3j9~120,70~a~0', isWhole: true });
  expect(formatPlaces(places, 12)).toEqual({ text: '6~k3j9~120', isWhole: false });
  expect(parsePlaces('6~k3j9~120,70~a~0')).toEqual(places);
  expect(parsePlaces('')).toEqual(new Map());
  for (const text of ['6', '6~~1', '6~k3j9~', '6~k3j9~x', '~a~1', '6~a~1,', `6~${'a'.repeat(21)}~1`]) {
    expect(parsePlaces(text)).toBeUndefined();
  }
});

test('of recorded messages, texts and thoughts are what was said', () => {
  const messages = [
    { content: 'Hello' },
    {
      content: [
        { type: 'reasoning', text: 'Hm' },
        { type: 'tool-call', toolName: 'look' },
        { type: 'text', text: '' },
      ],
    },
    { content: [{ type: 'text', text: 'Bye' }] },
  ];
  expect(saidIn(messages)).toEqual([
    [0, 'text', 'Hello'],
    [1, 'reasoning', 'Hm'],
    [2, 'text', 'Bye'],
  ]);
});
