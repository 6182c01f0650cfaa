// Whether a run still belongs to its execution and was not cancelled. A commit has just shown it, or one query for many runs does.

import errors from '@dbos-inc/dbos-sdk/internal/error';
import type { Pool } from 'pg';
import { Coalesced } from './coalesce.ts';
import type { Execution } from './execution.ts';

interface Owner {
  status: string;
  token: string | null;
  /** When the question was asked, by `performance.now()`. */
  at: number;
}

/** Tells whether runs are still ours. */
export class Ownership {
  readonly #owners: Coalesced<string, Owner | undefined>;

  constructor(pool: Pool) {
    this.#owners = new Coalesced((runIds) => ownersOf(pool, runIds));
  }

  /**
   * Resolves when the run of `execution` may go on.
   * @throws the SDK's DBOSWorkflowCancelledError, or DBOSWorkflowConflictError when another execution has the run
   */
  async assert(execution: Execution): Promise<void> {
    if (execution.isFresh) return;
    const owner = await this.#owners.answer(execution.runId);
    if (owner?.status === 'CANCELLED') throw new errors.DBOSWorkflowCancelledError(execution.runId);
    if (owner?.token !== execution.token) throw new errors.DBOSWorkflowConflictError(execution.runId);
    execution.confirm(owner.at);
  }
}

async function ownersOf(pool: Pool, runIds: string[]): Promise<(Owner | undefined)[]> {
  const at = performance.now();
  const { rows } = await pool.query<{ run_id: string; status: string; token: string | null }>({
    name: 'holdfast_owners',
    text: `SELECT workflow_uuid AS run_id, status, owner_xid AS token
             FROM dbos.workflow_status WHERE workflow_uuid = ANY($1::text[])`,
    values: [runIds],
  });
  const owners = new Map(rows.map(({ run_id: runId, status, token }) => [runId, { status, token, at }]));
  return runIds.map((runId) => owners.get(runId));
}
