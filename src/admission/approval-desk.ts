// What runs need of an app that ask people: its way to tell them, and links for them.

import { approvalUrl } from '../core/approval-url.ts';
import type { ApprovalDesk, Notify } from '../steps/notice.ts';
import type { Approvals } from './approvals.ts';

/** Returns the desk of an app with this `notify`. `origin` resolves to where people reach the service. */
export function approvalDesk(
  approvals: Approvals,
  notify: Notify | undefined,
  origin: () => Promise<string>,
): ApprovalDesk {
  return {
    notify,
    link: async (approvalId, to) => {
      const { token } = await approvals.makeLink(approvalId, 'notify', to);
      return approvalUrl(await origin(), token);
    },
  };
}
