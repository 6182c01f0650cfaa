// The run that unwinds another one: it undoes what that one's tools did, the latest call first, each undoing a step of its own.

import { SuperJSON } from 'superjson';
import type { RetryPolicy } from '../core/backoff.ts';
import { errorRecord } from '../core/recorded-error.ts';
import { stopTree } from '../engine/stop-tree.ts';
import { holdForPerson } from '../engine/unfit.ts';
import { parallel } from '../engine/verbs.ts';
import { stepContext } from '../steps/context.ts';
import { throughOutages } from '../postgres/outages.ts';
import { textForPeople } from '../steps/effect-url.ts';
import { runStep } from '../steps/step.ts';
import type { ToolRunner } from '../steps/tool.ts';
import { type ArmedCall, armedCalls, closeCall, type ClosedCall, settleCall } from '../store/compensations.ts';
import { wasReleased } from '../store/held-runs.ts';
import { inWaves } from './waves.ts';
import type { Undoer, Undoers } from './undoers.ts';

/** The workflow under which unwinding runs are known. */
export const UNWIND = 'holdfast.unwind';

/** How often undoing is tried where the tool says nothing about retries. */
const PATIENT = { attempts: 8, backoff: { initial: '500ms', factor: 2, max: '1m' } } as const;

/** What only asks the database is tried until it answers: nothing else would ever undo what an unwinding run that failed has left. */
const UNTIL_IT_WORKS = { attempts: Infinity, backoff: PATIENT.backoff } as const;

/** How many calls that were made at the same time are undone at the same time. */
const AT_ONCE = 10;

/** What came of unwinding a run. */
export interface Unwound {
  undone: number;
  /** Calls that turned out to have had no effect. */
  nothingToUndo: number;
}

/**
 * Unwinds the run `runId` and those below it, which are stopped first; the body of a workflow. It is held where a compensation fails for
 * good, and before it goes past what nobody can undo; once released it tries again, or goes on.
 */
export async function unwind(runner: ToolRunner, undoers: Undoers, runId: string): Promise<Unwound> {
  const calls = (await runStep(runner, {
    name: 'plan',
    options: { retries: UNTIL_IT_WORKS },
    body: async () => {
      await stopTree(runner.db, runId);
      return armedCalls(runner.db, runId);
    },
  })) as ArmedCall[];
  const unwound: Unwound = { undone: 0, nothingToUndo: 0 };
  for (const { wave, left } of inWaves(calls)) {
    const [first] = wave;
    if (first!.effect === 'irreversible') {
      // Where nothing is left to undo before it, there is nothing to decide.
      if (left.some(({ effect }) => effect === 'compensable')) await stopAt(runner, first!, left);
      continue;
    }
    const undone = await parallel(wave, (call) => undo(runner, undoers, call, [...wave, ...left]), { limit: AT_ONCE });
    const count = undone.filter(Boolean).length;
    unwound.undone += count;
    unwound.nothingToUndo += wave.length - count;
  }
  return unwound;
}

/** What was done before an effect that cannot be undone may have to stay as it is, too: a person says whether to go on. */
async function stopAt(runner: ToolRunner, call: ArmedCall, left: readonly ArmedCall[]): Promise<void> {
  const { db, checkpoints } = runner;
  const body = async (): Promise<void> => {
    const { runId, stepId } = stepContext();
    const { mayHaveActed } = await closeCall(db, call);
    if (call.outcome !== 'succeeded' && !mayHaveActed) return settleCall(db, call, 'nothing_to_undo');
    // Another run that unwinds the same call has asked another question: other calls are left to it.
    if (await wasReleased(db, runId!, stepId!, 'irreversible_effect')) return settleCall(db, call, 'accepted');
    const message = `The unwinding has come to '${call.tool}' (step ${call.stepId} of run '${call.runId}'), which cannot be undone. ${leftOver(left)} Release this run to undo that too, or cancel it to leave that as it is.`;
    await holdForPerson('irreversible_effect', { stepId: stepId!, called: call.tool, message });
    return checkpoints.abandon();
  };
  await runStep(runner, { name: `stop at ${call.tool}`, options: { retries: UNTIL_IT_WORKS }, body });
}

/** Undoes one call. Returns false when there was nothing to undo. */
async function undo(
  runner: ToolRunner,
  undoers: Undoers,
  call: ArmedCall,
  left: readonly ArmedCall[],
): Promise<boolean> {
  const undoer = undoers(call);
  let stepId = 0;
  let attempt = 0;
  const body = async (): Promise<boolean> => {
    ({ stepId = 0, attempt } = stepContext());
    const closed = await throughOutages(() => closeCall(runner.db, call));
    if (closed.isSettled) return true;
    if (!undoer) throw new Error(`Nothing with the name '${call.tool}' that could undo it is in the code.`);
    const { arguments: given } = closed;
    if (given === null) throw new Error('What is recorded of it was removed.');
    const found = await resultOf(call, undoer, closed);
    if (found) await undoer.undo({ ...call, arguments: given }, found.result);
    await throughOutages(() => settleCall(runner.db, call, found ? 'undone' : 'nothing_to_undo'));
    return found !== undefined;
  };
  const giveUp = async (error: unknown): Promise<void> => {
    const message = `'${call.tool}' (step ${call.stepId} of run '${call.runId}') could not be undone: ${sentence(textForPeople(errorRecord(error).message))} ${leftOver(left)} Mend the cause, then release this run, which tries again.`;
    await holdForPerson('compensation_failed', { stepId, called: call.tool, message });
    return runner.checkpoints.abandon();
  };
  const retries = besidesOthers(undoer?.options.retries ?? PATIENT, () => attempt);
  const timeout = undoer?.options.timeout;
  const options = { retries, ...(timeout === undefined ? {} : { timeout }) };
  return (await runStep(runner, { name: `undo ${call.tool}`, options, body, giveUp })) as boolean;
}

/** Where another run undoes the same call, its answer counts: that is waited for, whatever the tool says about failures. */
function besidesOthers(own: RetryPolicy, attempt: () => number): RetryPolicy {
  const retryOn = (error: unknown): boolean =>
    errorRecord(error).code === 'effect_superseded' || (attempt() < own.attempts && (own.retryOn?.(error) ?? true));
  return { ...own, attempts: Infinity, retryOn };
}

/** Returns what the call returned; undefined in place of that where it may have acted without getting that far; nothing if it has not acted. */
async function resultOf(
  call: ArmedCall,
  { reconcile }: Undoer,
  { mayHaveActed, result: recorded }: ClosedCall,
): Promise<{ result: unknown } | undefined> {
  // What it undoes is the workflow's own: there may always be something.
  if (call.kind === 'registered') return { result: undefined };
  if (call.outcome === 'succeeded') return { result: recorded === null ? undefined : SuperJSON.parse(recorded) };
  // It is asked even where no request is known of: the tool may have acted without its fetch.
  if (reconcile) {
    const result = await reconcile(call);
    return result === undefined ? undefined : { result };
  }
  return mayHaveActed ? { result: undefined } : undefined;
}

function leftOver(left: readonly ArmedCall[]): string {
  const steps = left
    .filter(({ effect }) => effect === 'compensable')
    .map(({ tool, stepId }) => `'${tool}' (step ${stepId})`);
  return `Left to undo: ${steps.join(', ')}.`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
