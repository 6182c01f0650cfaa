import { randomUUID } from 'node:crypto';
import { type LanguageModelMiddleware, wrapLanguageModel } from 'ai';
import { beforeEach, expect, test } from 'vitest';
import { model, step, TerminalError, workflow } from '../../src/index.ts';
import type { CallScope } from '../../src/inference/calls/call.ts';
import { scriptedModel } from '../../src/testing/scripted-model.ts';
import { serve } from '../support/serve.ts';

class Answers {
  static isRefused = false;

  @workflow()
  static async run(): Promise<string> {
    return Answers.ask();
  }

  @step()
  static async ask(): Promise<string> {
    await model('small').doGenerate({ prompt: [] });
    if (Answers.isRefused) throw new TerminalError('refused', 'No.');
    return 'done';
  }
}

let settled: boolean[] = [];
const USAGE = { inputTokens: 7, cachedInputTokens: 1, cacheWriteTokens: 0, outputTokens: 2, reasoningTokens: 0 };

/** Enters a call as a gate does, and has it settled with the step. */
const served = serve(
  { services: [Answers] },
  {
    models: {
      model: (_name, scope) => {
        const middleware: LanguageModelMiddleware = {
          specificationVersion: 'v4',
          wrapGenerate: async ({ doGenerate }) => {
            await enter(scope!);
            return doGenerate();
          },
        };
        return wrapLanguageModel({ model: scriptedModel([{ text: 'fine' }]), middleware });
      },
    },
  },
);

async function enter(scope: CallScope): Promise<void> {
  const id = randomUUID();
  await served.database.query(
    `INSERT INTO holdfast.model_calls (id, run_id, step_id, step, attempt, executor_id, class, endpoint, model, estimated_input,
                                       estimated_output)
     SELECT $1, $2, $3, $4, $5, executor_id, 'small', 'one', 'one-1', 10, 10 FROM holdfast.leases`,
    [id, scope.runId, scope.stepId, scope.step, scope.attempt],
  );
  const usage = { ...USAGE, isEstimated: false };
  settled.push(
    scope.settleWithStep({ id, state: 'settled', usage, costUsd: '0.0000123', priceVersion: null, errorCode: null }),
  );
}

beforeEach(() => {
  settled = [];
});

// Both have the time of their transaction: of which row versions there were before, counting the call leaves nothing to see.
test.each([false, true])('a call is settled in the commit of the checkpoint (of an error: %s)', async (isRefused) => {
  Answers.isRefused = isRefused;
  const { id } = await served.run('Answers.run');
  expect(settled).toEqual([true]);
  const rows = await served.database.query(
    `SELECT c.state, c.step, c.input_tokens, c.cached_input_tokens, c.output_tokens, c.cost_usd,
            (EXTRACT(EPOCH FROM c.ended_at) * 1000)::bigint = o.retention_timestamp AS together
       FROM holdfast.model_calls c JOIN dbos.operation_outputs o ON o.workflow_uuid = c.run_id AND o.function_id = c.step_id
      WHERE c.run_id = $1`,
    [id],
  );
  expect(rows).toEqual([
    {
      state: 'settled',
      step: 'Answers.ask',
      input_tokens: 7,
      cached_input_tokens: 1,
      output_tokens: 2,
      cost_usd: '0.0000123',
      together: true,
    },
  ]);
});
