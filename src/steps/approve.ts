// `approve()`: a workflow's own question to people.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { ApprovalRule } from '../core/approval.ts';
import { HoldfastError } from '../core/errors.ts';
import { plainJson } from '../core/plain-json.ts';
import { assertSerializable } from '../core/serializable.ts';
import { insideWorkflow } from '../engine/verbs.ts';
import { askPeople } from './approval.ts';
import type { Noticing } from './notice.ts';

/** What people said. */
export interface ApprovalResult {
  /** `expired` when nobody decided in time. */
  outcome: 'approved' | 'rejected' | 'expired';
  /** Whether it may be done: approved, or expired where that means yes. */
  approved: boolean;
  /** The names of those who approved, or who rejected. */
  by: string[];
  comment?: string;
}

const current = new AsyncLocalStorage<Noticing>();

/** Runs the body of a workflow so that `approve()` works in it. */
export function withApprovals<T>(runner: Noticing, body: () => Promise<T>): Promise<T> {
  return current.run(runner, body);
}

/**
 * Asks people, and returns what they say. The run waits for that without being in memory, for seven days unless the rule says otherwise.
 * `arguments` is what they are shown beside the question, as JSON. Several questions at the same time belong into `parallel()`.
 * @throws HoldfastError `not_in_workflow`; InvalidInput `invalid_approval`, `not_serializable`
 */
export async function approve(
  question: string,
  rule: Omit<ApprovalRule, 'question'> & { arguments?: unknown } = {},
): Promise<ApprovalResult> {
  const runner = insideWorkflow() ? current.getStore() : undefined;
  if (!runner) {
    throw new HoldfastError(
      'not_in_workflow',
      'approve() works in the body of a @workflow method only, not in a step nor outside of a run.',
    );
  }
  const { arguments: shown, ...asked } = rule;
  assertSerializable(shown, 'What is to be approved');
  const answer = await askPeople(runner, {
    steps: { ask: 'approval', notice: 'notice', decision: 'decision' },
    tool: undefined,
    question,
    given: shown,
    put: () => ({ rule: { ...asked, question }, shown: plainJson(shown) }),
    meaning: plainJson,
    mustApprove: false,
  });
  return answer!.decided;
}
