import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { expect, test } from 'vitest';
import { StepTokens, TokenWriter } from '../../src/steps/token-writer.ts';
import type { TokenChunk } from '../../src/store/token-chunks.ts';
import { until } from '../support/until.ts';

interface Written {
  kind: 'append' | 'replace';
  chunks: TokenChunk[];
}

/** A writer whose statements succeed at once, and what they were. */
function writer(): { writer: TokenWriter; written: Written[] } {
  const written: Written[] = [];
  const raw = async (statement: string, { chunks }: { chunks?: string }): Promise<unknown> => {
    const list = JSON.parse(chunks ?? '[]') as TokenChunk[];
    const kind = statement.includes('DELETE') ? 'replace' : 'append';
    if (list.length > 0) written.push({ kind, chunks: list });
    return { rows: list.map(({ runId, token }) => ({ runId, token })) };
  };
  const db = { raw } as unknown as Knex;
  return { writer: new TokenWriter({ db, log: { warn: () => {} }, onNews: () => {} }), written };
}

function step(runId: string): { runId: string; stepId: number; owner: () => string } {
  return { runId, stepId: 1, owner: () => 'us' };
}

function timesWritten(written: readonly Written[], runId: string): number {
  return written.filter(({ chunks }) => chunks.some((chunk) => chunk.runId === runId)).length;
}

test('a run is written ten times a second at most, however many steps of others end meanwhile', async () => {
  const { writer: tokens, written } = writer();
  const speaking = new StepTokens(tokens).attempt(step('speaking')).listen();
  const begun = performance.now();
  for (let n = 0; performance.now() < begun + 600; n += 1) {
    speaking.heard(0, 'text', 'word ');
    const other = new StepTokens(tokens).attempt(step(`other${n}`));
    other.listen().heard(0, 'text', 'short');
    await Promise.all([other.ended(), delay(15)]);
  }
  const times = timesWritten(written, 'speaking');
  const most = 1 + (performance.now() - begun) / 100;
  await tokens.stop();
  expect(written.filter(({ kind }) => kind === 'replace').length).toBeGreaterThan(10);
  expect(times).toBeGreaterThan(1);
  expect(times).toBeLessThanOrEqual(most);
});

test('a step that succeeds silently does not keep what its failed attempt said', async () => {
  for (const isUsed of [true, false]) {
    const { writer: tokens, written } = writer();
    const attempts = new StepTokens(tokens);
    const first = attempts.attempt(step('r'));
    first.listen().heard(0, 'text', 'It snows');
    await until('the words', () => written.length === 1);
    first.failed();
    const second = attempts.attempt(step('r'));
    if (isUsed) second.listen();
    await second.ended();
    const { kind, chunks } = written.at(-1)!;
    await tokens.stop();
    expect([kind, chunks.map(({ deltas }) => deltas)]).toEqual(['replace', [[]]]);
  }
});
