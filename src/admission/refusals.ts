// Why an answer to an approval is refused, in words for the person whose answer it was.

import type { Refusal } from '../core/approval.ts';
import { Conflict, Forbidden, Gone, type HoldfastError, InvalidInput, NotFound } from '../core/errors.ts';
import type { LockedApproval } from '../store/approvals.ts';

/** Returns the error that `refusal` of an answer by `name` is. */
export function refusalError(refusal: Refusal, approval: LockedApproval, name: string): HoldfastError {
  const { id, runId } = approval;
  const details = { approvalId: id, runId };
  switch (refusal) {
    case 'approval_not_found':
      return new NotFound(refusal, `There is no approval '${id}'.`);
    case 'approval_decided':
      return decided(approval);
    case 'approval_withdrawn':
      return new Conflict(refusal, `Nobody waits for the approval '${id}' any more: its run has ended.`, details);
    case 'approval_expired':
      return new Gone(
        refusal,
        `The time to decide the approval '${id}' was over at ${new Date(approval.expiresAt).toISOString()}.`,
        details,
      );
    case 'approval_role_required':
      return new Forbidden(
        refusal,
        `The approval '${id}' takes the role '${approval.role}', which '${name}' does not have: ask somebody who has it.`,
        { ...details, role: approval.role },
      );
    case 'approval_by_initiator':
      return new Forbidden(
        refusal,
        `'${name}' has started the run, so somebody else has to decide the approval '${id}'.`,
        details,
      );
    case 'approval_voted':
      return new Conflict(
        refusal,
        `'${name}' has approved '${id}' already: it takes ${approval.quorum} different people.`,
        details,
      );
    case 'approval_changed':
      return new Conflict(
        refusal,
        `The approval '${id}' is about other arguments than those that were looked at: look again, then decide.`,
        { ...details, argumentsHash: approval.argumentsHash },
      );
    case 'arguments_not_editable':
      return new InvalidInput(refusal, notEditable(approval), details);
  }
}

function decided({ id, runId, status, decidedBy, decidedAt }: LockedApproval): Conflict {
  const by = decidedBy.length === 0 || status === 'expired' ? 'by nobody' : `by ${decidedBy.join(' and ')}`;
  const at = decidedAt?.toISOString();
  return new Conflict('approval_decided', `The approval '${id}' is decided already: ${status} ${by} at ${at}.`, {
    approvalId: id,
    runId,
    status,
    by: status === 'expired' ? [] : decidedBy,
    at,
  });
}

function notEditable({ id, tool, quorum }: LockedApproval): string {
  const why =
    tool === null
      ? 'it is a question about no tool'
      : quorum > 1
        ? `${quorum} people have to approve the same`
        : `only an approval takes some, of a tool that this build has, and the tool is '${tool}'`;
  return `The approval '${id}' takes no other arguments: ${why}. Decide without them.`;
}

/** Returns the error for a link that cannot be used. */
export function linkRefusal(code: 'link_not_found' | 'link_used' | 'link_expired'): HoldfastError {
  switch (code) {
    case 'link_not_found':
      return new NotFound(code, 'There is no such link. Copy the whole address, or ask for a new link.');
    case 'link_used':
      return new Gone(code, 'This link was used: each can be used once. What was decided stands.');
    case 'link_expired':
      return new Gone(code, 'The time of this link is over. Ask for a new one, if the question is still open.');
  }
}

/** Returns the error for somebody who may not make links. */
export function issuerRequired(id: string): Forbidden {
  return new Forbidden(
    'link_issuer_required',
    `Links to the approval '${id}' can be made by people with the role 'link-issuer' only.`,
    { approvalId: id },
  );
}
