// A budget that asks: people are asked in the workflow's body whether it is raised, before the step is called again that has met its limit.

import { budgetLine, type BudgetState } from '../core/budget.ts';
import { TerminalError } from '../core/errors.ts';
import { plainJson } from '../core/plain-json.ts';
import { approvalTopic } from '../core/topic.ts';
import { db } from '../engine/data-source.ts';
import { leaveWakeUp } from '../engine/wake-up.ts';
import { lockBudgetQuestions, settleApproval } from '../store/approvals.ts';
import { raiseBudget } from '../store/budgets.ts';
import { askPeople, assertAskedBy, type Decided } from './approval.ts';
import type { Noticing } from './notice.ts';

/** The step that asks. */
const ASKING = 'approval of budget';

/**
 * Returns when the step that failed with `error` may be called again: people have approved that its budget is raised by one more limit.
 * @throws `error`, when it is about something else; TerminalError `budget_exceeded` when they have not; InvalidInput `invalid_approval`
 */
export async function askForBudget(runner: Noticing, error: unknown): Promise<void> {
  const state = budgetIn(error);
  if (!state) throw error;
  const shown = plainJson(shownOf(state));
  const question = `May ${budgetLine(state)}, be raised by ${amountOf(state)}?`;
  const answer = await askPeople(runner, {
    steps: { ask: ASKING, notice: 'notice of budget', decision: 'decision on budget' },
    tool: undefined,
    question,
    given: shown,
    put: () => ({ rule: { ...state.approval, question }, shown }),
    meaning: plainJson,
    mustApprove: false,
  });
  const { approval, decided } = answer!;
  if (!decided.approved) throw refused(state, approval, decided);
  await runner.checkpoints.transaction('raise of budget', {}, ({ runId }) => raise(runId, state, approval, decided));
}

/** The question is about the budget: who has answered it for one run has answered it for all that wait for the same. */
async function raise(
  runId: string,
  { counter, raises }: BudgetState,
  approval: string,
  { by }: Decided,
): Promise<void> {
  assertAskedBy(runId, approval);
  const trx = db();
  await raiseBudget(trx, counter, raises);
  const comment = `Answered as ${approval}.`;
  for (const other of await lockBudgetQuestions(trx, ASKING, counter, raises)) {
    await settleApproval(
      trx,
      other.id,
      { status: 'approved', comment },
      { what: 'approved', who: by[0] ?? null, comment },
    );
    await leaveWakeUp(trx, other.runId, approvalTopic(other.id));
  }
}

function budgetIn(error: unknown): BudgetState | undefined {
  const { code, details } = (error ?? {}) as { code?: unknown; details?: { budget?: BudgetState } };
  return code === 'budget_approval_needed' ? details?.budget : undefined;
}

function shownOf(state: BudgetState): Partial<BudgetState> {
  const { approval: _approval, reason: _reason, degradeTo: _degradeTo, policy: _policy, ...shown } = state;
  return shown;
}

function amountOf({ raiseUsd, raiseTokens }: BudgetState): string {
  const parts = [raiseUsd === null ? '' : `${raiseUsd} USD`, raiseTokens === null ? '' : `${raiseTokens} tokens`];
  return parts.filter((part) => part !== '').join(' and ');
}

function refused(state: BudgetState, approvalId: string, { outcome, by, comment }: Decided): TerminalError {
  const who = outcome === 'rejected' ? `${by.join(', ')} rejected to raise` : 'Nobody approved in time to raise';
  const why = comment === undefined ? '' : `, with the comment: ${comment}`;
  return new TerminalError('budget_exceeded', `${who} ${budgetLine(state)}${why}.`, { budget: state, approvalId });
}
