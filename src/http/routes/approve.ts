// The pages behind links: for people without a key. Looking decides nothing, because programs that read mail open links, too.

import type { Knex } from 'knex';
import { z } from 'zod';
import type { Approvals } from '../../admission/approvals.ts';
import { getApproval } from '../../views/approvals.ts';
import { DecisionForm } from '../approval-contract.ts';
import { decidedPage, decisionPage, PAGE_HEADERS, refusalPage } from '../approval-page.ts';
import { type Problem, problemOf } from '../problem.ts';
import type { Answer, Route, RouteSpec } from '../route.ts';

const spec = {
  path: '/approve/{token}',
  tag: 'Approvals',
  open: true,
  params: z.strictObject({ token: z.string().min(1).max(200) }),
  answers: {
    200: { description: 'A page', mediaType: 'text/html' },
    404: { description: 'There is no such link', mediaType: 'text/html' },
    410: { description: 'The link was used, or its time is over', mediaType: 'text/html' },
  },
} satisfies Partial<RouteSpec>;

/** Returns the routes of the page on which the holder of a link decides. */
export function approvePages(db: Knex, approvals: Approvals): Route[] {
  return [
    {
      spec: { ...spec, method: 'get', summary: 'The page that a link leads to; opening it decides nothing' },
      handle: ({ params }) => answered(() => look(db, approvals, params.token!)),
    },
    {
      spec: { ...spec, method: 'post', summary: 'Decide on that page, once', form: true, body: DecisionForm },
      handle: ({ params, body }) =>
        answered(() => decide(db, approvals, params.token!, body as z.output<typeof DecisionForm>)),
    },
  ];
}

async function look(db: Knex, approvals: Approvals, token: string): Promise<string> {
  const { approvalId, person } = await approvals.lookAt(token);
  return decisionPage(await getApproval(db, approvalId, person.tenant), person.name);
}

async function decide(
  db: Knex,
  approvals: Approvals,
  token: string,
  decision: z.output<typeof DecisionForm>,
): Promise<string> {
  const { approvalId, person } = await approvals.lookAt(token);
  await approvals.decideByLink(token, decision);
  return decidedPage(await getApproval(db, approvalId, person.tenant), person.name, decision.decision);
}

/** Refusals are for the person who looks at the page; what went wrong inside is for the log. */
async function answered(makePage: () => Promise<string>): Promise<Answer> {
  const answer = { headers: PAGE_HEADERS, mediaType: 'text/html; charset=utf-8' };
  try {
    return { ...answer, status: 200, body: await makePage() };
  } catch (error) {
    const problem = problemOf(error, '/approve');
    if (problem.status === 500) throw error;
    return { ...answer, status: problem.status, body: refusalPage(titleOf(problem), problem.detail) };
  }
}

function titleOf({ status, code }: Problem): string {
  if (code === 'link_not_found') return 'This link leads nowhere';
  if (code === 'link_used') return 'This link was used';
  if (code === 'approval_decided') return 'This was decided already';
  if (code === 'approval_withdrawn') return 'Nobody waits for an answer any more';
  if (status === 410) return 'The time for an answer is over';
  if (status === 503) return 'Please try again in a moment';
  return 'This cannot be decided here';
}
