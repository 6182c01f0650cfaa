// A claimed row as the SDK's dispatch wants it: the same object that the SDK's own listing would have made of the row.

import type { WorkflowStatusInternal } from '@dbos-inc/dbos-sdk/internal/system_database';

/** What is read of dbos.workflow_status; the input is another table's. */
export const CLAIMED_COLUMNS = [
  'workflow_uuid',
  'status',
  'name',
  'class_name',
  'config_name',
  'queue_name',
  'authenticated_user',
  'assumed_role',
  'authenticated_roles',
  'executor_id',
  'created_at',
  'updated_at',
  'application_version',
  'application_id',
  'recovery_attempts',
  'workflow_timeout_ms',
  'workflow_deadline_epoch_ms',
  'deduplication_id',
  'priority',
  'queue_partition_key',
  'started_at_epoch_ms',
  'forked_from',
  'was_forked_from',
  'parent_workflow_id',
  'serialization',
  'delay_until_epoch_ms',
  'completed_at',
  'attributes',
  'schedule_name',
  'debounce_deadline_epoch_ms',
  'is_debounced',
  'application_name',
] as const satisfies (keyof ClaimedRow)[];

/** A row of dbos.workflow_status with the run's input. The driver returns bigints as text. */
export interface ClaimedRow {
  workflow_uuid: string;
  status: string;
  name: string;
  class_name: string | null;
  config_name: string | null;
  queue_name: string | null;
  authenticated_user: string;
  assumed_role: string;
  authenticated_roles: string;
  executor_id: string;
  created_at: string;
  updated_at: string;
  application_version: string;
  application_id: string;
  recovery_attempts: string;
  inputs: string | null;
  workflow_timeout_ms: string | null;
  workflow_deadline_epoch_ms: string | null;
  deduplication_id: string | null;
  priority: number | null;
  queue_partition_key: string | null;
  started_at_epoch_ms: string | null;
  forked_from: string | null;
  was_forked_from: boolean | null;
  parent_workflow_id: string | null;
  serialization: string | null;
  delay_until_epoch_ms: string | null;
  completed_at: string | null;
  attributes: Record<string, unknown> | null;
  schedule_name: string | null;
  debounce_deadline_epoch_ms: string | null;
  is_debounced: boolean | null;
  application_name: string | null;
}

/** Returns the run's status without its outcome. Absent values are undefined, and times are milliseconds since 1970. */
export function statusOf(row: ClaimedRow): WorkflowStatusInternal {
  return {
    workflowUUID: row.workflow_uuid,
    status: row.status,
    workflowName: row.name,
    output: null,
    error: null,
    workflowClassName: row.class_name ?? '',
    workflowConfigName: row.config_name ?? '',
    queueName: row.queue_name ?? undefined,
    authenticatedUser: row.authenticated_user,
    assumedRole: row.assumed_role,
    authenticatedRoles: JSON.parse(row.authenticated_roles) as string[],
    executorId: row.executor_id,
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    applicationVersion: row.application_version,
    applicationID: row.application_id,
    recoveryAttempts: Number(row.recovery_attempts),
    input: row.inputs || null,
    timeoutMS: milliseconds(row.workflow_timeout_ms),
    deadlineEpochMS: milliseconds(row.workflow_deadline_epoch_ms),
    deduplicationID: row.deduplication_id ?? undefined,
    priority: row.priority ?? 0,
    queuePartitionKey: row.queue_partition_key ?? undefined,
    startedAtEpochMs: milliseconds(row.started_at_epoch_ms),
    forkedFrom: row.forked_from ?? undefined,
    wasForkedFrom: row.was_forked_from ?? false,
    parentWorkflowID: row.parent_workflow_id ?? undefined,
    serialization: row.serialization,
    delayUntilEpochMS: milliseconds(row.delay_until_epoch_ms),
    completedAt: milliseconds(row.completed_at),
    attributes: row.attributes ?? undefined,
    scheduleName: row.schedule_name ?? undefined,
    debounceDeadlineEpochMS: milliseconds(row.debounce_deadline_epoch_ms),
    isDebounced: row.is_debounced ?? false,
    applicationName: row.application_name ?? undefined,
  };
}

function milliseconds(value: string | null): number | undefined {
  return value === null ? undefined : Number(value);
}
