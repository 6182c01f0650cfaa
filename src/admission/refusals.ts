// Why an answer to an approval is refused, in words for the person whose answer it was.

import type { Refusal } from '../core/approval.ts';
import { Conflict, Forbidden, Gone, type HoldfastError, InvalidInput, NotFound } from '../core/errors.ts';
import type { LockedApproval } from '../store/approvals.ts';

type Refused = (approval: LockedApproval, name: string) => HoldfastError;

const ERRORS: Record<Refusal, Refused> = {
  approval_not_found: ({ id }) => notFound(id),
  approval_decided: decided,
  approval_withdrawn: (approval) =>
    new Conflict(
      'approval_withdrawn',
      `Nobody waits for the approval '${approval.id}' any more: its run has ended.`,
      detailsOf(approval),
    ),
  approval_expired: (approval) =>
    new Gone(
      'approval_expired',
      `The time to decide the approval '${approval.id}' was over at ${new Date(approval.expiresAt).toISOString()}.`,
      detailsOf(approval),
    ),
  approval_role_required: (approval, name) =>
    new Forbidden(
      'approval_role_required',
      `The approval '${approval.id}' takes the role '${approval.role}', which '${name}' does not have: ask somebody who has it.`,
      { ...detailsOf(approval), role: approval.role },
    ),
  approval_by_initiator: (approval, name) =>
    new Forbidden(
      'approval_by_initiator',
      `'${name}' has started the run, so somebody else has to decide the approval '${approval.id}'.`,
      detailsOf(approval),
    ),
  approval_voted: (approval, name) =>
    new Conflict(
      'approval_voted',
      `'${name}' has approved '${approval.id}' already: it takes ${approval.quorum} different people.`,
      detailsOf(approval),
    ),
  approval_changed: (approval) =>
    new Conflict(
      'approval_changed',
      `The approval '${approval.id}' is about other arguments than those that were looked at: look again, then decide.`,
      { ...detailsOf(approval), argumentsHash: approval.argumentsHash },
    ),
  arguments_not_editable: (approval) =>
    new InvalidInput('arguments_not_editable', notEditable(approval), detailsOf(approval)),
};

/** Returns the error that `refusal` of an answer by `name` is. */
export function refusalError(refusal: Refusal, approval: LockedApproval, name: string): HoldfastError {
  return ERRORS[refusal](approval, name);
}

/** Returns the error for an approval that there is not, or not for this person. */
export function notFound(id: string): NotFound {
  return new NotFound('approval_not_found', `There is no approval '${id}'.`);
}

function detailsOf({ id, runId }: LockedApproval): { approvalId: string; runId: string } {
  return { approvalId: id, runId };
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

const LINK_ERRORS = {
  link_not_found: () =>
    new NotFound('link_not_found', 'There is no such link. Copy the whole address, or ask for a new link.'),
  link_used: () => new Gone('link_used', 'This link was used: each can be used once. What was decided stands.'),
  link_expired: () =>
    new Gone('link_expired', 'The time of this link is over. Ask for a new one, if the question is still open.'),
};

/** Returns the error for a link that cannot be used. */
export function linkRefusal(code: keyof typeof LINK_ERRORS): HoldfastError {
  return LINK_ERRORS[code]();
}

/** Returns the error for somebody who may not make links. */
export function issuerRequired(id: string): Forbidden {
  return new Forbidden(
    'link_issuer_required',
    `Links to the approval '${id}' can be made by people with the role 'link-issuer' only.`,
    { approvalId: id },
  );
}
