import fc from 'fast-check';
import { expect, test } from 'vitest';
import { budgetOf, type Ceilings, ceilingsOf } from '../../src/core/agent-limits.ts';
import {
  afterAnswer,
  afterCalls,
  afterMisfit,
  type Answer,
  BEGINNING,
  limitReached,
  type Outcome,
  type Problem,
  type Progress,
  refusals,
  type ToolCall,
  withAnswer,
} from '../../src/core/decide.ts';

const call = fc.record<ToolCall>({
  id: fc.string(),
  name: fc.constantFrom('a', 'b', 'c'),
  args: fc.oneof(fc.constant({}), fc.record({ n: fc.nat(2) })),
});
const outcome = fc.oneof<fc.Arbitrary<Outcome>[]>(
  fc.record({ status: fc.constant('done' as const), value: fc.nat(1) }),
  fc.record({ status: fc.constant('failed' as const), code: fc.constant('no'), message: fc.constantFrom('x', 'y') }),
  fc.record({ status: fc.constant('refused' as const), code: fc.constant('no'), message: fc.constantFrom('x', 'y') }),
);
const answer = fc.record<Answer>({
  calls: fc.array(call, { maxLength: 4 }),
  text: fc.string(),
  finishReason: fc.constantFrom('stop', 'tool-calls', 'length', 'content-filter', 'other'),
  tokens: fc.nat(1000),
});
const ceilings = fc.record({
  turns: fc.integer({ min: 1, max: 10 }),
  toolCalls: fc.integer({ min: 1, max: 20 }),
  tokens: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 4000 })),
  wallMs: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 1000 })),
  depth: fc.integer({ min: 1, max: 9 }),
});

test('without limits there are 50 turns and 200 tool calls, and any tokens and time', () => {
  expect(ceilingsOf()).toEqual({ turns: 50, toolCalls: 200, tokens: Infinity, wallMs: Infinity, depth: 5 });
  expect(ceilingsOf({ wall: '3d', tokens: 5 })).toMatchObject({ wallMs: 259_200_000, tokens: 5 });
  expect(budgetOf()).toBe(Infinity);
  expect(() => budgetOf({ tokens: 0 })).toThrow('The context of an agent is 0 tokens');
  for (const limits of [{ turns: 0 }, { toolCalls: -1 }, { tokens: NaN }, { wall: 0 }]) {
    expect(() => ceilingsOf(limits)).toThrowError(expect.objectContaining({ code: 'invalid_limit' }));
  }
});

/** An agent that answers as given, one turn after the other: how far it gets, and how it is stopped. */
function play(answers: readonly Answer[], ceilings: Ceilings, msPerTurn: number) {
  let done: Progress = BEGINNING;
  let made = 0;
  for (const answer of answers) {
    const failure = limitReached(done, ceilings, done.turns * msPerTurn);
    if (failure) return { done, made, failure };
    done = withAnswer(done, answer);
    const next = afterAnswer(done, answer, ceilings, false);
    if (next.act !== 'call') return { done, made, failure: next.act === 'fail' ? next.failure : undefined };
    made += answer.calls.length;
  }
  return { done, made, failure: undefined };
}

test('an agent stays within its limits whatever the model answers, and says which one it met', () => {
  fc.assert(
    fc.property(fc.array(answer, { maxLength: 40 }), ceilings, fc.nat(60), (answers, ceilings, msPerTurn) => {
      const { done, made, failure } = play(answers, ceilings, msPerTurn);
      const last = answers[done.turns - 1]?.tokens ?? 0;
      expect(done.turns).toBeLessThanOrEqual(ceilings.turns);
      expect(made).toBeLessThanOrEqual(ceilings.toolCalls);
      expect(done.tokens - last).toBeLessThan(ceilings.tokens);
      expect(Math.max(0, done.turns - 1) * msPerTurn).toBeLessThan(ceilings.wallMs);
      const { limit = 0, count = 0 } = (failure?.details ?? {}) as { limit?: number; count?: number };
      expect(count).toBeGreaterThanOrEqual(limit);
      expect(failure?.message ?? '').toContain(limit === 0 ? '' : String(limit));
    }),
  );
});

test('tools are called only when the model can still be told what they did', () => {
  fc.assert(
    fc.property(answer, ceilings, fc.nat(10), (answer, ceilings, turns) => {
      const done = withAnswer({ ...BEGINNING, turns }, answer);
      const fits = done.toolCalls <= ceilings.toolCalls && limitReached(done, ceilings, 0) === undefined;
      const calls = answer.calls.length > 0;
      expect(afterAnswer(done, answer, ceilings, true).act).toBe(!calls ? 'finish' : fits ? 'call' : 'fail');
    }),
  );
});

test('a final text is a result unless it was cut off', () => {
  fc.assert(
    fc.property(answer, (answer) => {
      const final = { ...answer, calls: [] };
      const isCut = ['length', 'content-filter'].includes(answer.finishReason);
      expect(afterAnswer(BEGINNING, final, ceilingsOf(), false).act).toBe(isCut ? 'fail' : 'finish');
    }),
  );
});

test('a loop is five same calls with the same outcome in a row, however they are spread over turns', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(call, outcome), { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 5 })),
      (all, cuts) => {
        const same = ([call, outcome]: [ToolCall, Outcome]): string =>
          JSON.stringify([call.name, call.args, outcome.status === 'refused' ? outcome.code : outcome]);
        let longest = 0;
        let length = 0;
        all.forEach((one, index) => {
          length = index > 0 && same(one) === same(all[index - 1]!) ? length + 1 : 1;
          longest = Math.max(longest, length);
        });
        let done: Progress = BEGINNING;
        let found = false;
        for (let from = 0, turn = 0; from < all.length; turn += 1) {
          const part = all.slice(from, from + (cuts[turn] ?? 1));
          const after = afterCalls(
            done,
            part.map(([call]) => call),
            part.map(([, outcome]) => outcome),
          );
          ({ done } = after);
          found ||= after.loop !== undefined;
          from += part.length;
        }
        expect(found).toBe(longest >= 5);
      },
    ),
  );
});

test('the order of keys makes no difference to what the same call is', () => {
  const outcomes: Outcome[] = Array.from({ length: 5 }, () => ({ status: 'done', value: { x: 1, y: { p: 1, q: 2 } } }));
  outcomes[1] = { status: 'done', value: { y: { q: 2, p: 1 }, x: 1 } };
  const calls = outcomes.map((_, n) => ({ id: `${n}`, name: 'a', args: n % 2 ? { p: 1, q: 2 } : { q: 2, p: 1 } }));
  expect(afterCalls(BEGINNING, calls, outcomes).loop).toMatchObject({ code: 'agent_loop_detected' });
  expect(afterCalls(BEGINNING, calls.slice(1), outcomes.slice(1)).loop).toBeUndefined();
});

test('a tool is refused again exactly when its last call before was refused', () => {
  const misfit: Problem = { kind: 'does_not_fit', issues: [{ pointer: '/n', detail: 'is missing' }] };
  fc.assert(
    fc.property(fc.array(fc.tuple(call, fc.boolean()), { maxLength: 20 }), fc.nat(20), (all, cut) => {
      let done: Progress = BEGINNING;
      const seen: Record<string, boolean> = {};
      for (const part of [all.slice(0, cut), all.slice(cut)]) {
        const calls = part.map(([call]) => call);
        const found = refusals(
          done,
          calls,
          part.map(([, fits]) => (fits ? undefined : misfit)),
        );
        part.forEach(([{ name }, fits], index) => {
          expect(found[index] === undefined).toBe(fits);
          const message = found[index]?.message ?? '';
          expect(message.includes('not the first time')).toBe(!fits && seen[name] === true);
          expect(message.includes(`'${name}' do not fit: /n: is missing`)).toBe(!fits);
          seen[name] = !fits;
        });
        const outcomes = found.map((refusal): Outcome => refusal ?? { status: 'done', value: 1 });
        ({ done } = afterCalls(done, calls, outcomes));
      }
    }),
  );
});

test('each problem is put into words that name what to do', () => {
  const calls = [{ id: '1', name: 'a', args: {} }];
  const words = (problem: Problem) => refusals(BEGINNING, calls, [problem])[0];
  expect(words({ kind: 'no_such_tool', known: ['b', 'c'] })).toEqual({
    status: 'refused',
    code: 'unknown_tool',
    message: "There is no tool 'a'. There are: b, c.",
  });
  expect(words({ kind: 'no_such_tool', known: [] })!.message).toContain('There are no tools.');
  expect(words({ kind: 'not_json' })!.message).toContain('are not valid JSON. Correct them');
  expect(words({ kind: 'too_large', characters: 9, most: 5 })!.message).toContain('have 9 characters, and at most 5');
  const many = Array.from({ length: 12 }, (_, n) => ({ pointer: `/${n}`, detail: 'is wrong' }));
  expect(words({ kind: 'does_not_fit', issues: many })!.message).toMatch(/\/9: is wrong; and 2 more\./);
});

test('an answer that does not fit is repaired twice and no more', () => {
  const issues = [{ pointer: '', detail: 'is not JSON' }];
  const repaired = (repairs: number) => afterMisfit({ ...BEGINNING, repairs }, issues);
  expect(repaired(0)).toMatchObject({
    act: 'repair',
    done: { repairs: 1 },
    message: expect.stringContaining('is not JSON'),
  });
  expect(repaired(1)).toMatchObject({ act: 'repair', done: { repairs: 2 } });
  expect(repaired(2)).toMatchObject({
    act: 'fail',
    failure: { code: 'agent_output_invalid', details: { issues } },
  });
});
