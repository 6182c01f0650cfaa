import { expect, test } from 'vitest';
import type { Listener } from '../../src/inference/calls/streaming-model.ts';
import { type StreamKeeper, TokenStream } from '../../src/steps/token-stream.ts';
import type { TokenChunk } from '../../src/store/token-chunks.ts';

function stream(owner: string | null = 'us'): TokenStream {
  const keeper: StreamKeeper = { wake: () => {}, keep: async () => {} };
  return new TokenStream({ runId: 'r', stepId: 1, owner: () => owner ?? undefined }, keeper);
}

function say(listener: Listener, ...words: string[]): void {
  for (const word of words) listener.heard(0, 'text', word);
}

function written(tokens: TokenStream): TokenChunk | undefined {
  const chunk = tokens.next();
  if (chunk) tokens.wrote(chunk);
  return chunk;
}

test('each piece goes on where the one before it ended, and one that was not acknowledged comes again, longer', () => {
  const tokens = stream();
  const call = tokens.listen();
  say(call, 'a', 'b');
  const first = written(tokens)!;
  expect(first).toMatchObject({ runId: 'r', token: 'us', stepId: 1, start: 0, deltas: [[0, 'text', 'ab']] });
  say(call, 'c');
  expect(tokens.next()).toMatchObject({ start: 2, deltas: [[0, 'text', 'c']] });
  say(call, 'd');
  expect(written(tokens)).toMatchObject({ generation: first.generation, start: 2, deltas: [[0, 'text', 'cd']] });
  expect(tokens.next()).toBeUndefined();
});

test('of two calls in a step, what the failed one said is taken back', () => {
  const tokens = stream();
  const good = tokens.listen();
  say(good, 'good');
  const bad = tokens.listen();
  say(bad, 'bad');
  const { generation } = written(tokens)!;
  bad.failed();
  const next = written(tokens)!;
  expect(next).toMatchObject({ start: 0, deltas: [[0, 'text', 'good']] });
  expect(next.generation).not.toBe(generation);
});

test('a call that fails before it says anything takes nothing back', () => {
  const tokens = stream();
  const good = tokens.listen();
  say(good, 'good');
  const { generation } = written(tokens)!;
  tokens.listen().failed();
  expect(tokens.next()).toBeUndefined();
  say(good, '!');
  expect(written(tokens)).toMatchObject({ generation, start: 4, deltas: [[0, 'text', '!']] });
});

test('the attempt after a failed one makes void what that has left', () => {
  const keeper: StreamKeeper = { wake: () => {}, keep: async () => {} };
  const step = { runId: 'r', stepId: 1, owner: () => 'us' };
  const first = new TokenStream(step, keeper);
  say(first.listen(), 'lost');
  written(first);
  first.failed();
  const second = new TokenStream(step, keeper, first);
  expect(first.next()).toBeUndefined();
  say(second.listen(), 'found');
  expect(written(second)).toMatchObject({ start: 0, deltas: [[0, 'text', 'found']] });
  expect(second.next()).toBeUndefined();
});

test('a failed attempt makes void what was written, and says no more', async () => {
  const tokens = stream();
  const call = tokens.listen();
  say(call, 'lost');
  const { generation } = written(tokens)!;
  tokens.failed();
  say(call, 'late');
  const next = written(tokens)!;
  expect(next).toMatchObject({ start: 0, deltas: [] });
  expect(next.generation).not.toBe(generation);
  expect(tokens.next()).toBeUndefined();

  const unheard = stream();
  say(unheard.listen(), 'lost');
  unheard.failed();
  expect(unheard.next()).toBeUndefined();
});

test('a record names the generation only where it holds what was heard', () => {
  const same = stream();
  say(same.listen(), 'It ', 'rains');
  const { generation } = written(same)!;
  expect(same.recordedAs([[0, 'text', 'It rains']])).toBe(generation);
  expect(same.next()).toBeUndefined();

  const other = stream();
  say(other.listen(), 'It snows');
  const heard = written(other)!.generation;
  expect(other.recordedAs([[0, 'text', 'It rains']])).not.toBe(heard);
});

test('without a run of ours nothing is said', () => {
  const tokens = stream(null);
  say(tokens.listen(), 'hello');
  expect(tokens.next()).toBeUndefined();
});
