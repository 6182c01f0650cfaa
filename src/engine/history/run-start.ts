// The beginning of a run: its row and its input, and for a child the step of its parent, in one statement.

import type { WorkflowStatusInternal } from '@dbos-inc/dbos-sdk/internal/system_database';
import type { Pool } from 'pg';
import { GroupCommit } from './group-commit.ts';

/** Which step of which run starts a child. */
export interface ParentStep {
  runId: string;
  stepId: number;
  /** Of the parent's execution. */
  token: string;
  /** Milliseconds since 1970. */
  startedAt: number;
  endedAt: number;
}

export interface RunStart {
  run: WorkflowStatusInternal;
  /** Tells the row that this start inserted from one that was there. */
  creator: string;
  parent?: ParentStep | undefined;
  /** Whether this process takes the run from its lane in the same moment; its status is then PENDING, and `creator` owns it. */
  isClaimed?: boolean | undefined;
}

/** The run's row as it is now, whoever inserted it. */
export interface StartedRow {
  status: string;
  name: string;
  class_name: string | null;
  config_name: string | null;
  queue_name: string | null;
  creator: string | null;
  serialization: string | null;
  /** When the step of the parent ended that is recorded; null when none is, as for a parent that is lost. */
  step_ended_at: string | null;
  deadline: string | null;
  /** Of the execution that has the run. */
  owner: string | null;
}

/** What is not known beforehand of a row that a group inserted. */
interface InsertedRow {
  run_id: string;
  deadline: string | null;
}

/** Writes starts in groups. */
export class RunStarts {
  readonly #group: GroupCommit<RunStart, StartedRow | 'refused'>;

  constructor(pool: Pool, application: string | undefined) {
    const valuesOf = (items: RunStart[]): unknown[] => [JSON.stringify(items.map(requestOf)), application ?? null];
    this.#group = new GroupCommit<RunStart, StartedRow | 'refused'>({
      keyOf: ({ run }) => run.workflowUUID,
      bytesOf: ({ run }) => (run.input?.length ?? 0) + 600,
      writeMany: async (items) => {
        const query = { name: 'holdfast_start_many', text: MANY, values: valuesOf(items) };
        const { rows } = await pool.query<InsertedRow>(query);
        const inserted = new Map(rows.map((row) => [row.run_id, row]));
        return items.map((item) => startedRow(item, inserted.get(item.run.workflowUUID)));
      },
      writeOne: async (item) => {
        const query = { name: 'holdfast_start_one', text: ONE, values: valuesOf([item]) };
        const { rows } = await pool.query<StartedRow>(query);
        return rows[0] ?? 'refused';
      },
    });
  }

  /**
   * Inserts the run unless there is one with its id, and resolves to its row after the commit. Resolves to `refused`, with nothing
   * written, when the parent is not its execution's any more. Where the row has another name than the run, nothing is written either.
   */
  write(start: RunStart): Promise<StartedRow | 'refused'> {
    return this.#group.write(start);
  }
}

function startedRow({ run, creator, parent }: RunStart, inserted: InsertedRow | undefined): StartedRow | undefined {
  return (
    inserted && {
      status: run.status,
      name: run.workflowName,
      class_name: run.workflowClassName || null,
      config_name: run.workflowConfigName || null,
      queue_name: run.queueName ?? null,
      creator,
      serialization: run.serialization,
      step_ended_at: parent ? String(parent.endedAt) : null,
      deadline: inserted.deadline,
      owner: ownerOf(run, creator),
    }
  );
}

function ownerOf({ status }: WorkflowStatusInternal, creator: string): string | null {
  return status === 'PENDING' ? creator : null;
}

function requestOf({ run, creator, parent, isClaimed = false }: RunStart): object {
  const isWaiting = run.status === 'ENQUEUED' || run.status === 'DELAYED';
  return {
    workflow_uuid: run.workflowUUID,
    status: run.status,
    name: run.workflowName,
    // The SDK keeps what is not set as NULL.
    class_name: run.workflowClassName || null,
    config_name: run.workflowConfigName || null,
    queue_name: run.queueName,
    authenticated_user: run.authenticatedUser,
    assumed_role: run.assumedRole,
    authenticated_roles: JSON.stringify(run.authenticatedRoles),
    executor_id: run.executorId,
    application_version: run.applicationVersion,
    application_id: run.applicationID,
    recovery_attempts: isWaiting ? 0 : 1,
    workflow_timeout_ms: run.timeoutMS,
    workflow_deadline_epoch_ms: run.deadlineEpochMS,
    priority: run.priority,
    queue_partition_key: run.queuePartitionKey,
    forked_from: run.forkedFrom,
    parent_workflow_id: run.parentWorkflowID,
    serialization: run.serialization,
    creator_xid: creator,
    // The delay counts by the database's clock; the SDK reckons with ours.
    delay_ms: run.delayUntilEpochMS === undefined ? undefined : run.delayUntilEpochMS - Date.now(),
    attributes: run.attributes,
    schedule_name: run.scheduleName,
    debounce_deadline_epoch_ms: run.debounceDeadlineEpochMS,
    is_debounced: run.isDebounced ?? false,
    application_name: run.applicationName,
    owner_xid: ownerOf(run, creator),
    is_claimed: isClaimed,
    inputs: run.input,
    parent_step: parent?.stepId,
    parent_token: parent?.token,
    step_started_at: parent?.startedAt,
    step_ended_at: parent?.endedAt,
    parent_run: parent?.runId,
  };
}

const RUN_COLUMNS = [
  'workflow_uuid text',
  'status text',
  'name text',
  'class_name text',
  'config_name text',
  'queue_name text',
  'authenticated_user text',
  'assumed_role text',
  'authenticated_roles text',
  'executor_id text',
  'application_version text',
  'application_id text',
  'recovery_attempts bigint',
  'workflow_timeout_ms bigint',
  'workflow_deadline_epoch_ms bigint',
  'priority int',
  'queue_partition_key text',
  'forked_from text',
  'parent_workflow_id text',
  'serialization text',
  'creator_xid text',
  'delay_until_epoch_ms bigint',
  'attributes jsonb',
  'schedule_name text',
  'debounce_deadline_epoch_ms bigint',
  'is_debounced boolean',
  'application_name text',
  'owner_xid text',
];
const RUN_NAMES = RUN_COLUMNS.map((column) => column.split(' ')[0]).join(', ');

const NOW = '(EXTRACT(EPOCH FROM now()) * 1000)::bigint';

/** The time of a run that waits in a lane begins to count when it is taken from there. */
const INSERTED = RUN_NAMES.replace('delay_until_epoch_ms', `${NOW} + delay_ms`).replace(
  'workflow_deadline_epoch_ms',
  `CASE WHEN is_claimed AND workflow_timeout_ms IS NOT NULL
        THEN COALESCE(workflow_deadline_epoch_ms, ${NOW} + workflow_timeout_ms)
        ELSE workflow_deadline_epoch_ms END`,
);

const STEP_COLUMNS = `(workflow_uuid, function_id, function_name, child_workflow_id, started_at_epoch_ms, completed_at_epoch_ms,
   application_name, retention_timestamp)`;

/** Parents stay locked until the commit. */
function admittedRequests(locked: 'SKIP LOCKED' | ''): string {
  return `
WITH request AS MATERIALIZED (
  SELECT * FROM json_to_recordset($1::json) AS r(${RUN_COLUMNS.join(', ')}, inputs text, is_claimed boolean, delay_ms bigint,
    parent_run text, parent_step int, parent_token text, step_started_at bigint, step_ended_at bigint)),
parents AS MATERIALIZED (
  SELECT workflow_uuid, owner_xid FROM dbos.workflow_status
   WHERE workflow_uuid = ANY (ARRAY(SELECT parent_run FROM request WHERE parent_run IS NOT NULL))
   ORDER BY workflow_uuid FOR NO KEY UPDATE ${locked}),
admitted AS MATERIALIZED (
  SELECT r.* FROM request r LEFT JOIN parents ON parents.workflow_uuid = r.parent_run
   WHERE r.parent_run IS NULL OR parents.owner_xid = r.parent_token)`;
}

/**
 * A group begins those runs only of which there is no row yet, and leaves out those whose parent is locked by somebody else. It fails
 * when a row comes up meanwhile, or where the step of a parent is recorded already.
 */
const MANY = `${admittedRequests('SKIP LOCKED')},
fresh AS MATERIALIZED (
  SELECT * FROM admitted a
   WHERE NOT EXISTS (SELECT FROM dbos.workflow_status w WHERE w.workflow_uuid = a.workflow_uuid)),
started AS (
  INSERT INTO dbos.workflow_status (${RUN_NAMES}, started_at_epoch_ms)
  SELECT ${INSERTED}, CASE WHEN is_claimed THEN ${NOW} END
    FROM fresh ORDER BY workflow_uuid
  RETURNING workflow_uuid, workflow_deadline_epoch_ms),
given AS (INSERT INTO dbos.workflow_input (workflow_uuid, inputs) SELECT workflow_uuid, inputs FROM fresh),
step AS (
  INSERT INTO dbos.operation_outputs ${STEP_COLUMNS}
  SELECT parent_run, parent_step, name, workflow_uuid, step_started_at, step_ended_at, $2::text, ${NOW}
    FROM fresh WHERE parent_run IS NOT NULL)
SELECT workflow_uuid AS run_id, workflow_deadline_epoch_ms AS deadline FROM started`;

/** A run that is there already is touched without a change, so that its row comes back as it is. */
const ONE = `${admittedRequests('')},
started AS (
  INSERT INTO dbos.workflow_status (${RUN_NAMES}, started_at_epoch_ms)
  SELECT ${INSERTED}, CASE WHEN is_claimed THEN ${NOW} END
    FROM admitted
  ON CONFLICT (workflow_uuid) DO UPDATE SET creator_xid = workflow_status.creator_xid
  RETURNING workflow_uuid, status, name, class_name, config_name, queue_name, creator_xid, serialization,
            workflow_deadline_epoch_ms, owner_xid),
given AS (
  INSERT INTO dbos.workflow_input (workflow_uuid, inputs)
  SELECT a.workflow_uuid, a.inputs
    FROM admitted a JOIN started s ON s.workflow_uuid = a.workflow_uuid AND s.creator_xid = a.creator_xid
  ON CONFLICT (workflow_uuid) DO NOTHING),
step AS (
  INSERT INTO dbos.operation_outputs ${STEP_COLUMNS}
  SELECT a.parent_run, a.parent_step, a.name, a.workflow_uuid, a.step_started_at, a.step_ended_at, $2::text, ${NOW}
    FROM admitted a
    JOIN started s ON s.workflow_uuid = a.workflow_uuid AND s.name = a.name
     AND s.class_name IS NOT DISTINCT FROM a.class_name AND s.config_name IS NOT DISTINCT FROM a.config_name
   WHERE a.parent_run IS NOT NULL
  ON CONFLICT (workflow_uuid, function_id) DO UPDATE SET completed_at_epoch_ms = operation_outputs.completed_at_epoch_ms
  RETURNING completed_at_epoch_ms)
SELECT s.status, s.name, s.class_name, s.config_name, s.queue_name, s.creator_xid AS creator,
       s.serialization, s.workflow_deadline_epoch_ms AS deadline, s.owner_xid AS owner,
       (SELECT completed_at_epoch_ms FROM step) AS step_ended_at
  FROM started s`;
