// The inbox of people: reading questions, deciding them, and making links for those who have no key.

import type { Knex } from 'knex';
import type { z } from 'zod';
import type { Approvals } from '../../admission/approvals.ts';
import { approvalUrl } from '../../core/approval-url.ts';
import { getApproval, listApprovals } from '../../views/approvals.ts';
import {
  ApprovalPageSchema,
  ApprovalParams,
  ApprovalSchema,
  ApprovalsQuery,
  DecisionSchema,
  LinkReceiptSchema,
  LinkSchema,
} from '../approval-contract.ts';
import { ProblemSchema } from '../contract.ts';
import type { Route } from '../route.ts';
import { approvePages } from './approve.ts';

const DEFAULT_PAGE = 50;

const notFound = { 404: { description: 'No such approval, or another tenant’s', schema: ProblemSchema } };

const refusals = {
  403: { description: 'The caller may not do this', schema: ProblemSchema },
  409: { description: 'It is decided already, or nobody waits for it any more', schema: ProblemSchema },
  410: { description: 'Its time is over', schema: ProblemSchema },
  ...notFound,
};

/** Returns the routes, those of the pages behind links among them. `origin` resolves to where people reach the service. */
export function approvalRoutes(db: Knex, approvals: Approvals, origin: () => Promise<string>): Route[] {
  return [
    listRoute(db),
    getRoute(db),
    decideRoute(db, approvals),
    linkRoute(db, approvals, origin),
    ...approvePages(db, approvals),
  ];
}

function listRoute(db: Knex): Route {
  return {
    spec: {
      method: 'get',
      path: '/v1/approvals',
      summary: 'List what runs ask of people, the newest first',
      tag: 'Approvals',
      query: ApprovalsQuery,
      answers: { 200: { description: 'A page of approvals', schema: ApprovalPageSchema } },
    },
    handle: async ({ query, tenant }) => {
      const { status, role, run: runId, limit = DEFAULT_PAGE, cursor } = query as z.output<typeof ApprovalsQuery>;
      return { status: 200, body: await listApprovals(db, { tenant, status, role, runId }, limit, cursor) };
    },
  };
}

function getRoute(db: Knex): Route {
  return {
    spec: {
      method: 'get',
      path: '/v1/approvals/{id}',
      summary: 'Read an approval and its audit',
      tag: 'Approvals',
      params: ApprovalParams,
      answers: { 200: { description: 'The approval', schema: ApprovalSchema }, ...notFound },
    },
    handle: async ({ params, tenant }) => ({ status: 200, body: await getApproval(db, params.id!, tenant) }),
  };
}

function decideRoute(db: Knex, approvals: Approvals): Route {
  return {
    spec: {
      method: 'post',
      path: '/v1/approvals/{id}',
      summary: 'Approve or reject',
      description:
        'Decided once, by the person whose key it is. One who rejects is enough, whatever the quorum. Other `arguments` are checked like ' +
        'those of any call of the tool, and it runs with them.',
      tag: 'Approvals',
      params: ApprovalParams,
      body: DecisionSchema,
      bodyRequired: true,
      answers: {
        200: { description: 'The approval as it is now', schema: ApprovalSchema },
        422: { description: 'The arguments do not fit the tool', schema: ProblemSchema },
        ...refusals,
      },
    },
    handle: async ({ params, body, tenant, person }) => {
      await approvals.decide(params.id!, person!, body as z.output<typeof DecisionSchema>);
      return { status: 200, body: await getApproval(db, params.id!, tenant) };
    },
  };
}

function linkRoute(db: Knex, approvals: Approvals, origin: () => Promise<string>): Route {
  return {
    spec: {
      method: 'post',
      path: '/v1/approvals/{id}/links',
      summary: 'Make a link by which one person can decide once, without a key',
      description: 'Takes the role `link-issuer`. The link opens a page; opening it decides nothing.',
      tag: 'Approvals',
      params: ApprovalParams,
      body: LinkSchema,
      bodyRequired: true,
      answers: { 201: { description: 'The link', schema: LinkReceiptSchema }, ...refusals },
    },
    handle: async ({ params, body, tenant, person }) => {
      const { id } = await getApproval(db, params.id!, tenant);
      const { token, expiresAt } = await approvals.makeLink(id, person!, body as z.output<typeof LinkSchema>);
      return {
        status: 201,
        headers: { 'Cache-Control': 'no-store' },
        body: { url: approvalUrl(await origin(), token), expiresAt: expiresAt.toISOString() },
      };
    },
  };
}
