// An approval's way through a run: the question, telling people, waiting without memory, and the answer, each as a step of its own.

import type { ApprovalRule, ResolvedRule } from '../core/approval.ts';
import { resolveRule, stageOf } from '../core/approval.ts';
import { TerminalError } from '../core/errors.ts';
import { plainJson } from '../core/plain-json.ts';
import { inputHash } from '../core/run-id.ts';
import { approvalTopic } from '../core/topic.ts';
import { askerOf } from '../engine/asker.ts';
import { db } from '../engine/data-source.ts';
import { holdForMixUp } from '../engine/unfit.ts';
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
  /** The names of its steps. */
  steps: { ask: string; notice: string; decision: string };
  /** Undefined for a question of a workflow's own. */
  tool: string | undefined;
  /** What is asked when the rule has no words of its own. */
  question: string;
  /** What it is about, as it was given. */
  given: unknown;
  /**
   * Returns the rule, undefined when nobody has to be asked, and what people are shown: plain JSON. Called once in the life of a run, in a
   * transaction.
   */
  put: () => { rule: 'required' | ApprovalRule | undefined; shown: unknown };
  /** Returns as plain JSON what this build makes of what was given, of what people were shown, or of what they approved instead. */
  meaning: (args: unknown) => unknown;
  /** Whether anything but a yes is thrown by the step that finds it, and recorded as that step's error. */
  mustApprove: boolean;
}

/** What people, or the clock, have said. */
export interface Decided {
  outcome: 'approved' | 'rejected' | 'expired';
  approved: boolean;
  /** Who decided; nobody where the time was over. */
  by: string[];
  comment?: string;
  /** What was approved, where that is not what was given: edited, or filled in by a schema. In an object, because it may be any JSON. */
  taken?: { arguments: unknown };
}

/** The answer to a question, and which one that was. */
export interface Answer {
  approval: string;
  decided: Decided;
}

/** What the step that asks records. */
interface Asked {
  approval: string;
  leftMs: number;
  /** What people are shown, where that is not what was given. */
  shown?: { arguments: unknown };
  /** The hash of what it means. */
  meaning: string;
}

/** What the step that looks records: to which question it belongs, and which step it was. */
type RecordedLook = Look & { approval: string; stepId: number };

/** What a look at the row came to. `settled`: the time was over and that is recorded now, so that the next look finds the decision. */
type Look = { outcome: 'pending' | 'escalated'; leftMs: number } | { outcome: 'settled' } | Decided;

/**
 * Asks people about `subject` in a workflow's body, and returns what they say: undefined when nobody had to be asked.
 * @throws TerminalError `approval_rejected`, `approval_expired`, `approval_changed`; InvalidInput `invalid_approval`
 */
export async function askPeople(runner: Noticing, subject: Subject): Promise<Answer | undefined> {
  const { steps } = subject;
  const asked = await runner.checkpoints.transaction(steps.ask, {}, ({ runId, stepId }) => ask(subject, runId, stepId));
  if (!asked) return undefined;
  for (let { leftMs } = asked, isNews = true; ;) {
    if (isNews) leftMs = await giveNotice(runner, steps.notice, asked.approval, leftMs);
    await awaitWakeUp(approvalTopic(asked.approval), leftMs);
    const found = await decision(runner, subject, asked);
    if (!('leftMs' in found)) return { approval: asked.approval, decided: found };
    ({ leftMs } = found);
    isNews = found.outcome === 'escalated';
  }
}

/** What was approved for one run is not for another one with the same history. @throws TerminalError `approval_not_found` */
export function assertAskedBy(runId: string, approval: string): void {
  if (!approval.startsWith(idPrefix(runId))) throw notThere(approval);
}

function idPrefix(runId: string): string {
  return `${runId}-approval-`;
}

/** Puts the question in the transaction of the calling step, unless the rule says that nobody has to be asked. */
async function ask(subject: Subject, runId: string, stepId: number): Promise<Asked | null> {
  const { rule, shown } = subject.put();
  if (rule === undefined) return null;
  const { question = subject.question, ...resolved }: ResolvedRule = resolveRule(rule);
  const id = `${idPrefix(runId)}${stepId}`;
  const asker = await askerOf(db(), runId);
  const argumentsHash = inputHash(shown);
  const asked = { id, runId, stepId, tool: subject.tool ?? null, question, arguments: shown, argumentsHash };
  await insertApproval(db(), { ...resolved, ...asker, ...asked });
  const isGiven = argumentsHash === inputHash(plainJson(subject.given));
  const taken = isGiven ? subject.given : shown;
  return {
    approval: id,
    leftMs: resolved.expiresMs,
    meaning: inputHash(subject.meaning(taken)),
    ...(!isGiven && { shown: { arguments: shown } }),
  };
}

async function decision(
  { checkpoints }: Noticing,
  subject: Subject,
  asked: Asked,
): Promise<Exclude<Look, { outcome: 'settled' }>> {
  for (;;) {
    const recorded = await checkpoints.transaction<RecordedLook>(
      subject.steps.decision,
      {},
      async ({ runId, stepId }) => ({ ...(await look(subject, asked, runId)), approval: asked.approval, stepId }),
    );
    const { approval, stepId, ...found } = recorded;
    // Questions at the same time without `parallel()`: after a crash one of them may come first that did not before.
    if (approval !== asked.approval) return holdForMixUp(stepId, subject.steps.decision);
    if (found.outcome !== 'settled') return found;
  }
}

/** Looks at the row in the transaction of the calling step, and does what is due by the database's clock. */
async function look(subject: Subject, asked: Asked, runId: string): Promise<Look> {
  const id = asked.approval;
  const approval = await lockApproval(db(), id);
  if (approval?.runId !== runId) throw notThere(id);
  const stage = stageOf(approval, approval.now);
  if (stage.stage === 'decided') return decided(subject, asked, approval);
  if (stage.stage === 'open') return { outcome: 'pending', leftMs: stage.leftMs };
  if (stage.stage === 'escalate') return { outcome: 'escalated', leftMs: await escalateApproval(db(), id) };
  await settleApproval(db(), id, { status: 'expired', comment: null }, { what: 'expired' });
  return { outcome: 'settled' };
}

function decided(subject: Subject, asked: Asked, approval: LockedApproval): Decided {
  const { status, otherwise, comment, decidedBy } = approval;
  const approved = status === 'approved' || (status === 'expired' && otherwise === 'approve');
  const by = status === 'expired' ? [] : decidedBy;
  if (subject.mustApprove && !approved) throw refused(subject, approval, by);
  const taken = approved ? takenFrom(subject, asked, approval) : undefined;
  return {
    outcome: status as Decided['outcome'],
    approved,
    by,
    ...(comment !== null && { comment }),
    ...(taken && { taken }),
  };
}

/** Returns what was approved, where that is not what was given, as long as it means what it meant then. */
function takenFrom(subject: Subject, asked: Asked, approval: LockedApproval): Decided['taken'] {
  const { decidedArguments: edited, decidedHash } = approval;
  if (decidedHash !== null) {
    if (inputHash(subject.meaning(edited)) !== decidedHash) throw changed(subject, approval);
    return { arguments: edited };
  }
  const { shown, meaning } = asked;
  if (inputHash(subject.meaning(shown ? shown.arguments : subject.given)) !== meaning) throw changed(subject, approval);
  return shown;
}

function notThere(id: string): TerminalError {
  return new TerminalError(
    'approval_not_found',
    `The approval '${id}' is not there any more, or another run has asked.`,
  );
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
