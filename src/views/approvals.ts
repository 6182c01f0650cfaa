// Reads questions to people from the view `holdfast.approval_inbox`, always as one tenant, or as everybody where there are no tenants.

import type { Knex } from 'knex';
import { NotFound } from '../core/errors.ts';
import { formatCursor, type Page, parseCursor } from './page.ts';

export const APPROVAL_STATUSES = ['pending', 'approved', 'rejected', 'expired', 'withdrawn'] as const;

type ApprovalStatus = (typeof APPROVAL_STATUSES)[number];

/** A question in a list. Times are ISO 8601 with milliseconds, UTC. */
export interface ApprovalSummary {
  id: string;
  runId: string;
  stepId: number;
  workflow: string;
  tenant: string;
  /** The tool that is to be called; null where the workflow itself asks. */
  tool: string | null;
  question: string;
  argumentsHash: string;
  /** Who may decide; null for anybody of the tenant. */
  role: string | null;
  quorum: number;
  votes: number;
  excludeInitiator: boolean;
  initiator: string | null;
  status: ApprovalStatus;
  decidedBy: string[];
  comment: string | null;
  /** What it means when nobody decides in time. */
  otherwise: 'reject' | 'approve';
  escalateRole: string | null;
  askedAt: string;
  expiresAt: string;
  escalatedAt: string | null;
  decidedAt: string | null;
}

/** Something that happened to a question. */
export interface ApprovalEvent {
  n: number;
  at: string;
  what: string;
  who: string | null;
  roles: string[];
  via: string | null;
  recipient: string | null;
  comment: string | null;
  argumentsHash: string | null;
}

/** A question with what is to be approved, and what has happened to it. */
export interface Approval extends ApprovalSummary {
  arguments: unknown;
  /** What was approved instead, where the arguments were edited. */
  decidedArguments: unknown;
  events: ApprovalEvent[];
}

export interface ApprovalFilter {
  /** Whose; undefined for everybody's. */
  tenant?: string | undefined;
  status?: ApprovalStatus[] | undefined;
  role?: string | undefined;
  runId?: string | undefined;
}

type TimeField = 'askedAt' | 'expiresAt' | 'escalatedAt' | 'decidedAt';

interface SummaryRow extends Omit<ApprovalSummary, TimeField> {
  askedAt: Date;
  expiresAt: Date;
  escalatedAt: Date | null;
  decidedAt: Date | null;
  /** Microseconds since 1970: as exact as the database's. */
  askedUs: string;
}

const SUMMARY = `
  i.id, i.run_id AS "runId", i.step_id AS "stepId", i.workflow, i.tenant, i.tool, i.question, i.arguments_hash AS "argumentsHash",
  i.role, i.quorum, i.votes, i.exclude_initiator AS "excludeInitiator", i.initiator, i.status, i.decided_by AS "decidedBy",
  i.comment, i.otherwise, i.escalate_role AS "escalateRole", i.asked_at AS "askedAt", i.expires_at AS "expiresAt",
  i.escalated_at AS "escalatedAt", i.decided_at AS "decidedAt", (EXTRACT(EPOCH FROM i.asked_at) * 1000000)::bigint AS "askedUs"`;

/** The table beside its view leads to the index of what is pending: of the view's statuses Postgres knows none. */
const LIST = `
  SELECT ${SUMMARY}
    FROM holdfast.approvals a
    JOIN holdfast.approval_inbox i ON i.id = a.id
   WHERE (:tenant::text IS NULL OR a.tenant = :tenant)
     AND (:recorded::text[] IS NULL OR a.status = ANY(:recorded))
     AND (:status::text[] IS NULL OR i.status = ANY(:status))
     AND (:role::text IS NULL OR a.role = :role)
     AND (:runId::text IS NULL OR a.run_id = :runId)
     AND (:afterUs::bigint IS NULL
          OR (a.asked_at, a.id) < ('epoch'::timestamptz + :afterUs::bigint * interval '1 microsecond', :afterId))
   ORDER BY a.asked_at DESC, a.id DESC
   LIMIT :limit`;

const ONE = `
  SELECT ${SUMMARY}, i.arguments, i.decided_arguments AS "decidedArguments",
         ARRAY(SELECT jsonb_build_object('n', e.n, 'at', e.at, 'what', e.what, 'who', e.who, 'roles', e.roles, 'via', e.via,
                                         'recipient', e.recipient, 'comment', e.comment, 'argumentsHash', e.arguments_hash)
                 FROM holdfast.approval_audit e
                WHERE e.approval_id = i.id ORDER BY e.n) AS events
    FROM holdfast.approval_inbox i
   WHERE i.id = :id AND (:tenant::text IS NULL OR i.tenant = :tenant)`;

/** Returns a page of questions, the newest first. @throws InvalidInput `invalid_cursor` */
export async function listApprovals(
  db: Knex,
  filter: ApprovalFilter,
  limit: number,
  cursor?: string,
): Promise<Page<ApprovalSummary>> {
  const after = cursor === undefined ? undefined : parseCursor(cursor);
  const { rows } = await db.raw<{ rows: SummaryRow[] }>(LIST, {
    tenant: filter.tenant ?? null,
    recorded: filter.status?.map((status) => (status === 'withdrawn' ? 'pending' : status)) ?? null,
    status: filter.status ?? null,
    role: filter.role ?? null,
    runId: filter.runId ?? null,
    afterUs: after?.at ?? null,
    afterId: after?.id ?? null,
    limit: limit + 1,
  });
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next = rows.length > limit && last ? formatCursor({ at: Number(last.askedUs), id: last.id }) : null;
  return { items: items.map(toSummary), next };
}

/** Returns the question. @throws NotFound `approval_not_found` when there is none, or it is another tenant's */
export async function getApproval(db: Knex, id: string, tenant: string | undefined): Promise<Approval> {
  const { rows } = await db.raw<{ rows: (SummaryRow & Omit<Approval, keyof ApprovalSummary>)[] }>(ONE, {
    id,
    tenant: tenant ?? null,
  });
  const row = rows[0];
  if (!row) throw new NotFound('approval_not_found', `There is no approval '${id}'.`);
  const events = row.events.map((event) => ({ ...event, at: new Date(event.at).toISOString() }));
  return { ...toSummary(row), arguments: row.arguments, decidedArguments: row.decidedArguments, events };
}

function toSummary(row: SummaryRow): ApprovalSummary {
  return {
    id: row.id,
    runId: row.runId,
    stepId: row.stepId,
    workflow: row.workflow,
    tenant: row.tenant,
    tool: row.tool,
    question: row.question,
    argumentsHash: row.argumentsHash,
    role: row.role,
    quorum: row.quorum,
    votes: row.votes,
    excludeInitiator: row.excludeInitiator,
    initiator: row.initiator,
    status: row.status,
    decidedBy: row.decidedBy,
    comment: row.comment,
    otherwise: row.otherwise,
    escalateRole: row.escalateRole,
    askedAt: row.askedAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    escalatedAt: row.escalatedAt?.toISOString() ?? null,
    decidedAt: row.decidedAt?.toISOString() ?? null,
  };
}
