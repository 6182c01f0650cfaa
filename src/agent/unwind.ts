// The run that unwinds another one: it undoes what that one's tools did, the latest call first, each undoing a step of its own.

import type { Knex } from 'knex';
import { SuperJSON } from 'superjson';
import type { RetryPolicy } from '../core/backoff.ts';
import { idempotencyKey } from '../core/idempotency-key.ts';
import { errorRecord } from '../core/recorded-error.ts';
import type { CompensationContext } from '../define/tool.ts';
import { holdForPerson } from '../engine/unfit.ts';
import { stepContext } from '../steps/context.ts';
import { runStep } from '../steps/step.ts';
import { outsideContext, type Tool, type ToolRunner } from '../steps/tool.ts';
import { acceptOnceReleased, type ArmedCall, armedCalls, isSettled, settleCall } from '../store/compensations.ts';

/** The workflow under which unwinding runs are known. */
export const UNWIND = 'holdfast.unwind';

/** How often undoing is tried where the tool says nothing about retries. */
const PATIENT = { attempts: 8, backoff: { initial: '500ms', factor: 2, max: '1m' } } as const;

/** What only asks the database is tried until it answers: nothing else would ever undo what an unwinding run that failed has left. */
const UNTIL_IT_WORKS = { attempts: Infinity, backoff: PATIENT.backoff } as const;

/** What came of unwinding a run. */
export interface Unwound {
  undone: number;
  /** Calls that turned out to have had no effect. */
  nothingToUndo: number;
}

/**
 * Unwinds the run `runId` and those below it; the body of a workflow. It is held where a compensation fails for good, and before it goes
 * past what nobody can undo; once released it tries again, or goes on.
 */
export async function unwind(runner: ToolRunner, tools: ReadonlyMap<string, Tool>, runId: string): Promise<Unwound> {
  const calls = (await runStep(runner, {
    name: 'plan',
    options: { retries: UNTIL_IT_WORKS },
    body: () => armedCalls(runner.db, runId),
  })) as ArmedCall[];
  const unwound: Unwound = { undone: 0, nothingToUndo: 0 };
  for (const [index, call] of calls.entries()) {
    if (call.effect === 'irreversible') {
      if (call.outcome === 'succeeded' || call.mayHaveActed) await stopAt(runner, call, calls.slice(index + 1));
      continue;
    }
    const isUndone = await undo(runner, tools.get(call.tool), call, calls.slice(index));
    unwound[isUndone ? 'undone' : 'nothingToUndo'] += 1;
  }
  return unwound;
}

/** What was done before an effect that cannot be undone may have to stay as it is, too: a person says whether to go on. */
async function stopAt(runner: ToolRunner, call: ArmedCall, left: ArmedCall[]): Promise<void> {
  const body = async (): Promise<void> => {
    if (await isSettled(runner.db, call)) return;
    const message = `The unwinding has come to '${call.tool}' (step ${call.stepId} of run '${call.runId}'), which cannot be undone. ${leftOver(left)} Release this run to undo that too, or cancel it to leave that as it is.`;
    const { runId, stepId } = stepContext();
    await holdForPerson('irreversible_effect', { stepId: stepId!, called: call.tool, message });
    // Not before: a process that dies in between must not have answered for the person. After that one is asked again.
    await acceptOnceReleased(runner.db, call, runId!);
    return runner.checkpoints.abandon();
  };
  await runStep(runner, { name: `stop at ${call.tool}`, options: { retries: UNTIL_IT_WORKS }, body });
}

/** Undoes one call. Returns false when there was nothing to undo. */
async function undo(runner: ToolRunner, tool: Tool | undefined, call: ArmedCall, left: ArmedCall[]): Promise<boolean> {
  const options = tool?.options.effect === 'compensable' ? tool.options : undefined;
  let stepId = 0;
  let attempt = 0;
  const body = async (): Promise<boolean> => {
    ({ stepId = 0, attempt } = stepContext());
    if (await isSettled(runner.db, call)) return true;
    if (!options) throw new Error(`No tool '${call.tool}' with a compensation is in the code.`);
    const context = compensationContext(runner.db, call);
    const args = options.input.parse(SuperJSON.parse(call.arguments));
    const asking = outsideContext(
      runner.db,
      `reconcile ${call.tool}`,
      stepContext(),
      `${context.idempotencyKey}-reconcile`,
    );
    const result = await resultOf(call, () => options.reconcile?.(call.key, asking));
    if (result !== NOTHING) await options.compensate(result as never, args, context);
    await settleCall(runner.db, call, result === NOTHING ? 'nothing_to_undo' : 'undone');
    return result !== NOTHING;
  };
  const giveUp = async (error: unknown): Promise<void> => {
    const message = `'${call.tool}' (step ${call.stepId} of run '${call.runId}') could not be undone: ${errorRecord(error).message} ${leftOver(left)} Mend the cause, then release this run, which tries again.`;
    await holdForPerson('compensation_failed', { stepId, called: call.tool, message });
    return runner.checkpoints.abandon();
  };
  const retries = besidesOthers(options?.retries ?? PATIENT, () => attempt);
  const settings = { retries, ...(options?.timeout ? { timeout: options.timeout } : {}) };
  return (await runStep(runner, { name: `undo ${call.tool}`, options: settings, body, giveUp })) as boolean;
}

/** Where another run undoes the same call, its answer counts: that is waited for, whatever the tool says about failures. */
function besidesOthers(own: RetryPolicy, attempt: () => number): RetryPolicy {
  const retryOn = (error: unknown): boolean =>
    errorRecord(error).code === 'effect_superseded' || (attempt() < own.attempts && (own.retryOn?.(error) ?? true));
  return { ...own, attempts: Infinity, retryOn };
}

const NOTHING = Symbol('nothing to undo');

/** What the call returned; undefined where it may have acted without getting that far. */
async function resultOf(call: ArmedCall, reconcile: () => Promise<unknown> | undefined): Promise<unknown> {
  if (call.outcome === 'succeeded') return call.result === null ? undefined : SuperJSON.parse(call.result);
  const found = reconcile();
  // It is asked even where no request is known of: the tool may have acted without its fetch.
  if (found !== undefined) return (await found) ?? NOTHING;
  return call.mayHaveActed ? undefined : NOTHING;
}

/** The key belongs to the call: a run and one below it that fail at about the same time both undo it, and that counts once. */
function compensationContext(receipts: Knex, { tool, key, runId, stepId }: ArmedCall): CompensationContext {
  const context = outsideContext(receipts, `undo ${tool}`, stepContext(), idempotencyKey(runId, `undo/${stepId}`));
  // Not spread: signal, fetch and db are made when they are first looked at.
  return Object.create(context, { forwardKey: { value: key, enumerable: true } }) as CompensationContext;
}

function leftOver(left: readonly ArmedCall[]): string {
  const steps = left
    .filter(({ effect }) => effect === 'compensable')
    .map(({ tool, stepId }) => `'${tool}' (step ${stepId})`);
  return steps.length === 0 ? 'Nothing is left to undo before it.' : `Left to undo: ${steps.join(', ')}.`;
}
