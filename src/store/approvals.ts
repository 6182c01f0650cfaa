// The tables of approvals and of their audit. A row changes only while it is locked, and each change leaves a line of the audit.

import type { Knex } from 'knex';
import type { ApprovalState, ApprovalStatus, ResolvedRule } from '../core/approval.ts';
import { storable, storableJson } from '../lib/storable.ts';

/** A question as it is put. */
export interface NewApproval extends Omit<ResolvedRule, 'question'> {
  id: string;
  runId: string;
  stepId: number;
  tenant: string;
  workflow: string;
  tool: string | null;
  question: string;
  initiator: string | null;
  /** Plain JSON. */
  arguments: unknown;
  argumentsHash: string;
}

/** An approval that the calling transaction has locked. */
export interface LockedApproval extends ApprovalState {
  id: string;
  runId: string;
  comment: string | null;
  /** Who decided: those who approved, or who rejected. */
  decidedBy: string[];
  decidedAt: Date | null;
  /** What was approved instead of what was asked about. */
  decidedArguments: unknown;
  /** The hash of what the tool makes of these; null when nothing was edited. */
  decidedHash: string | null;
  escalateMs: number | null;
  otherwise: 'reject' | 'approve';
  /** The database's time after the lock was had: milliseconds since 1970. */
  now: number;
}

/** A line of the audit. */
export interface ApprovalEvent {
  what: 'asked' | 'voted' | 'approved' | 'rejected' | 'escalated' | 'expired' | 'link_made';
  who?: string | null;
  roles?: readonly string[];
  via?: 'link' | null;
  /** For whom a link is. */
  recipient?: string | null;
  comment?: string | null;
  argumentsHash?: string | null;
}

/** Puts a question. */
export async function insertApproval(trx: Knex.Transaction, asked: NewApproval): Promise<void> {
  const { id, role, initiator, argumentsHash } = asked;
  await trx.raw(
    `INSERT INTO holdfast.approvals
            (id, run_id, step_id, tenant, workflow, tool, question, arguments, arguments_hash, role, quorum,
             exclude_initiator, initiator, otherwise, escalate_role, escalate_ms, expires_at)
     VALUES (:id, :runId, :stepId, :tenant, :workflow, :tool, :question, :arguments::jsonb, :argumentsHash, :role, :quorum,
             :excludeInitiator, :initiator, :otherwise, :escalateRole, :escalateMs,
             clock_timestamp() + :expiresMs * interval '1 millisecond')`,
    { ...asked, question: storable(asked.question), arguments: storableJson(asked.arguments) },
  );
  await addEvent(trx, id, { what: 'asked', who: initiator, roles: role === null ? [] : [role], argumentsHash });
}

/** Returns the approval, locked until the end of the transaction, as it is once the lock is had. */
export async function lockApproval(trx: Knex.Transaction, id: string): Promise<LockedApproval | undefined> {
  const locked = await trx.raw<{ rows: unknown[] }>('SELECT FROM holdfast.approvals WHERE id = :id FOR UPDATE', { id });
  return locked.rows.length === 0 ? undefined : readApproval(trx, id);
}

/** Returns the approval as it is now. */
export async function readApproval(db: Knex, id: string): Promise<LockedApproval | undefined> {
  const { rows } = await db.raw<{ rows: LockedApproval[] }>(
    `SELECT a.id, a.run_id AS "runId", a.tenant, a.tool, a.status, i.status = 'withdrawn' AS "isWithdrawn", a.role, a.quorum,
            a.exclude_initiator AS "excludeInitiator", a.initiator, a.escalate_role AS "escalateRole",
            a.escalate_ms::float8 AS "escalateMs", a.otherwise, a.arguments_hash AS "argumentsHash",
            a.decided_hash AS "decidedHash", a.decided_arguments AS "decidedArguments", a.comment, a.decided_at AS "decidedAt",
            i.decided_by AS "decidedBy", CASE a.status WHEN 'pending' THEN i.decided_by ELSE '{}' END AS "approvedBy",
            (EXTRACT(EPOCH FROM a.expires_at) * 1000)::float8 AS "expiresAt",
            (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::float8 AS now
       FROM holdfast.approvals a JOIN holdfast.approval_inbox i ON i.id = a.id
      WHERE a.id = :id`,
    { id },
  );
  return rows[0];
}

/**
 * Locks the questions that are pending about the same raise of a budget's counter, and returns them. What a workflow asks by itself may
 * have the same arguments, and is another question: the step that asks has another name.
 */
export async function lockBudgetQuestions(
  trx: Knex.Transaction,
  step: string,
  counter: string,
  raises: number,
): Promise<{ id: string; runId: string }[]> {
  const { rows } = await trx.raw<{ rows: { id: string; runId: string }[] }>(
    `SELECT a.id, a.run_id AS "runId" FROM holdfast.approvals a
      WHERE a.status = 'pending' AND a.tool IS NULL
        AND a.arguments @> jsonb_build_object('counter', :counter::text, 'raises', :raises::int)
        AND EXISTS (SELECT FROM dbos.operation_outputs o
                     WHERE o.workflow_uuid = a.run_id AND o.function_id = a.step_id AND o.function_name = :step)
      ORDER BY a.id FOR UPDATE OF a`,
    { counter, raises, step },
  );
  return rows;
}

/** How an approval ends. */
export interface Settlement {
  status: Exclude<ApprovalStatus, 'pending'>;
  comment: string | null;
  /** What was approved instead of what was asked about, as plain JSON, and the hash of what the tool makes of it. */
  edited?: { arguments: unknown; hash: string } | undefined;
}

/** Settles the approval, which is locked and pending, and notes `event`. */
export async function settleApproval(
  trx: Knex.Transaction,
  id: string,
  { status, comment, edited }: Settlement,
  event: ApprovalEvent,
): Promise<void> {
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    `UPDATE holdfast.approvals
        SET status = :status, comment = :comment, decided_arguments = :edited::jsonb, decided_hash = :hash,
            decided_at = clock_timestamp()
      WHERE id = :id AND status = 'pending'`,
    {
      id,
      status,
      comment: comment === null ? null : storable(comment),
      edited: edited ? storableJson(edited.arguments) : null,
      hash: edited?.hash ?? null,
    },
  );
  if (rowCount !== 1) throw new Error(`The approval '${id}' was to be settled, but it is not pending.`);
  await addEvent(trx, id, event);
}

/** Puts the question, which is locked and out of time, to the people who are next. Returns for how long, in milliseconds. */
export async function escalateApproval(trx: Knex.Transaction, id: string): Promise<number> {
  const { rows } = await trx.raw<{ rows: { role: string; ms: number }[] }>(
    `WITH before AS (
       SELECT id, escalate_role AS role, escalate_ms AS ms FROM holdfast.approvals
        WHERE id = :id AND status = 'pending' AND escalate_role IS NOT NULL)
     UPDATE holdfast.approvals a
        SET role = before.role, expires_at = clock_timestamp() + before.ms * interval '1 millisecond',
            escalate_role = NULL, escalate_ms = NULL, escalated_at = clock_timestamp()
       FROM before WHERE a.id = before.id
     RETURNING before.role, before.ms::float8 AS ms`,
    { id },
  );
  if (!rows[0]) throw new Error(`The approval '${id}' was to be escalated, but it is not pending, or was already.`);
  await addEvent(trx, id, { what: 'escalated', roles: [rows[0].role] });
  return rows[0].ms;
}

/** Adds a line to the audit of the approval, which is locked, or new. */
export async function addEvent(trx: Knex.Transaction, id: string, event: ApprovalEvent): Promise<void> {
  const { what, who = null, roles = [], via = null, recipient = null, comment = null, argumentsHash = null } = event;
  await trx.raw(
    `INSERT INTO holdfast.approval_events (approval_id, n, what, who, roles, via, recipient, comment, arguments_hash)
     SELECT :id, COALESCE(max(n), 0) + 1, :what, :who, :roles::text[], :via, :recipient, :comment, :argumentsHash
       FROM holdfast.approval_events WHERE approval_id = :id`,
    {
      id,
      what,
      who: who === null ? null : storable(who),
      roles: roles.map(storable),
      via,
      recipient,
      comment: comment === null ? null : storable(comment),
      argumentsHash,
    },
  );
}

/** What people are told about an approval that is open. */
export interface OpenApproval {
  id: string;
  runId: string;
  tenant: string;
  workflow: string;
  /** Null for approve() in a workflow. */
  tool: string | null;
  question: string;
  arguments: unknown;
  role: string | null;
  quorum: number;
  /** Who started the run; null where that is not known. */
  initiator: string | null;
  expiresAt: Date;
  /** Whether it was put to somebody else before, who did not decide in time. */
  isEscalated: boolean;
}

/** Returns the approval while somebody may still decide it, and for how many milliseconds more. */
export async function findOpenApproval(db: Knex, id: string): Promise<(OpenApproval & { leftMs: number }) | undefined> {
  const { rows } = await db.raw<{ rows: (OpenApproval & { leftMs: number })[] }>(
    `SELECT id, run_id AS "runId", tenant, workflow, tool, question, arguments, role, quorum, initiator,
            expires_at AS "expiresAt", escalated_at IS NOT NULL AS "isEscalated",
            (EXTRACT(EPOCH FROM expires_at - clock_timestamp()) * 1000)::float8 AS "leftMs"
       FROM holdfast.approvals
      WHERE id = :id AND status = 'pending' AND expires_at > clock_timestamp()`,
    { id },
  );
  return rows[0];
}
