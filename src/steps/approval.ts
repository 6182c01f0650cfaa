// An approval's way through a run: the question, telling people, waiting without memory, and the answer, each as a step of its own.

import type { ApprovalRule, ResolvedRule } from '../core/approval.ts';
import { resolveRule, stageOf } from '../core/approval.ts';
import { TerminalError } from '../core/errors.ts';
import { inputHash } from '../core/run-id.ts';
import { approvalTopic } from '../core/topic.ts';
import { askerOf } from '../engine/asker.ts';
import { db } from '../engine/data-source.ts';
import { awaitWakeUp } from '../engine/wake-up.ts';
import {
  escalateApproval,
  insertApproval,
  type LockedApproval,
  lockApproval,
  settleApproval,
} from '../store/approvals.ts';
import { giveNotice, type Noticing } from './notice.ts';

/** What is asked about. */
export interface Subject {
  /** What stands in the names of its steps. */
  steps: { ask: string; notice: string; decision: string };
  /** Undefined for a question of a workflow's own. */
  tool: string | undefined;
  /** What is asked when the rule has no words of its own. */
  question: string;
  /** As people are shown them: plain JSON. */
  arguments: unknown;
  /** Returns the rule, or undefined when nobody has to be asked. Called once in the life of a run, in a transaction. */
  rule: () => 'required' | ApprovalRule | undefined;
  /** Checks other arguments before they take the place of those that were asked about. */
  checkEdited?: (edited: unknown) => void;
}

/** What people, or the clock, have said. */
export interface Decided {
  outcome: 'approved' | 'rejected' | 'expired';
  approved: boolean;
  /** Who decided; nobody where the time was over. */
  by: string[];
  comment?: string;
  /** Other arguments, in an object of their own, because they may be any JSON. */
  edited?: { arguments: unknown };
}

/** What a look at the row came to. `settled`: the time was over and that is recorded now, so that the next look finds the decision. */
type Look = { outcome: 'pending' | 'escalated'; leftMs: number } | { outcome: 'settled' } | Decided;

/**
 * Asks people about `subject` in a workflow's body, and returns what they say: undefined when nobody had to be asked. With `mustApprove`
 * anything but a yes is thrown by the step that finds it, and recorded as that step's error.
 * @throws TerminalError `approval_rejected`, `approval_expired`, `approval_changed`; InvalidInput `invalid_approval`
 */
export async function askPeople(
  runner: Noticing,
  subject: Subject,
  mustApprove: boolean,
): Promise<Decided | undefined> {
  const { checkpoints } = runner;
  const asked = await checkpoints.transaction(subject.steps.ask, {}, ({ runId, stepId }) =>
    ask(subject, runId, stepId),
  );
  if (!asked) return undefined;
  const { approval: id } = asked;
  for (let { leftMs } = asked, isNews = true; ;) {
    if (isNews) leftMs = await giveNotice(runner, subject.steps.notice, id, leftMs);
    await awaitWakeUp(approvalTopic(id), leftMs);
    const found = await decision(runner, subject, id, mustApprove);
    if (!('leftMs' in found)) return found;
    ({ leftMs } = found);
    isNews = found.outcome === 'escalated';
  }
}

/** Puts the question in the transaction of the calling step, unless the rule says that nobody has to be asked. */
async function ask(
  subject: Subject,
  runId: string,
  stepId: number,
): Promise<{ approval: string; leftMs: number } | null> {
  const rule = subject.rule();
  if (rule === undefined) return null;
  const { question = subject.question, ...resolved }: ResolvedRule = resolveRule(rule);
  const id = `${runId}-approval-${stepId}`;
  const { tool = null, arguments: shown } = subject;
  const asker = await askerOf(db(), runId);
  const argumentsHash = inputHash(shown);
  const asked = { id, runId, stepId, tool, question, arguments: shown, argumentsHash };
  await insertApproval(db(), { ...resolved, ...asker, ...asked });
  return { approval: id, leftMs: resolved.expiresMs };
}

async function decision(
  { checkpoints }: Noticing,
  subject: Subject,
  id: string,
  mustApprove: boolean,
): Promise<Exclude<Look, { outcome: 'settled' }>> {
  for (;;) {
    const found = await checkpoints.transaction(subject.steps.decision, {}, ({ runId }) =>
      look(subject, id, runId, mustApprove),
    );
    if (found.outcome !== 'settled') return found;
  }
}

/** Looks at the row in the transaction of the calling step, and does what is due by the database's clock. */
async function look(subject: Subject, id: string, runId: string, mustApprove: boolean): Promise<Look> {
  const approval = await lockApproval(db(), id);
  // What was approved for one run is not for another one with the same history.
  if (approval?.runId !== runId) {
    throw new TerminalError(
      'approval_not_found',
      `The approval '${id}' is not there any more, or another run has asked.`,
    );
  }
  const stage = stageOf(approval, approval.now);
  if (stage.stage === 'decided') return decided(subject, approval, mustApprove);
  if (stage.stage === 'open') return { outcome: 'pending', leftMs: stage.leftMs };
  if (stage.stage === 'escalate') return { outcome: 'escalated', leftMs: await escalateApproval(db(), id) };
  await settleApproval(db(), id, { status: 'expired', comment: null }, { what: 'expired' });
  return { outcome: 'settled' };
}

function decided(subject: Subject, approval: LockedApproval, mustApprove: boolean): Decided {
  const { status, otherwise, comment, decidedBy, isEdited, decidedArguments, argumentsHash } = approval;
  const isApproved = status === 'approved' || (status === 'expired' && otherwise === 'approve');
  const by = status === 'expired' ? [] : decidedBy;
  if (mustApprove && !isApproved) throw refused(subject, approval, by);
  if (isApproved && isEdited) subject.checkEdited?.(decidedArguments);
  // What was approved, and not what a later build makes of the same call.
  if (isApproved && !isEdited && argumentsHash !== inputHash(subject.arguments)) throw changed(subject, approval);
  return {
    outcome: status as Decided['outcome'],
    approved: isApproved,
    by,
    ...(comment !== null && { comment }),
    ...(isApproved && isEdited && { edited: { arguments: decidedArguments } }),
  };
}

function refused({ tool }: Subject, { id, status, comment }: LockedApproval, by: string[]): TerminalError {
  const details = { approvalId: id, by, comment };
  if (status === 'expired') {
    return new TerminalError(
      'approval_expired',
      `Nobody approved this call of '${tool}' in time, so it was not made.`,
      details,
    );
  }
  const why = comment === null ? 'without a comment' : `with the comment: ${comment}`;
  return new TerminalError(
    'approval_rejected',
    `${by.join(', ')} rejected this call of '${tool}', so it was not made, ${why}`,
    details,
  );
}

function changed({ tool, steps }: Subject, { id }: LockedApproval): TerminalError {
  return new TerminalError(
    'approval_changed',
    `What was approved as '${id}' is not what '${tool ?? steps.ask}' would be called with now, so it was not made: its schema or its code has changed meanwhile.`,
    { approvalId: id },
  );
}
