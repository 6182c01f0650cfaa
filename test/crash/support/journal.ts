// A second opinion inside the database: triggers note who writes what for a run, and whose the run is at that moment.

import type { TestDatabase } from '../../support/database.ts';

/** Runs one statement and returns its rows. */
export type Query = TestDatabase['query'];

/** Gives the connections of a process its name, which the triggers note. */
export function namedUrl(url: string, process: string): string {
  const named = new URL(url);
  named.searchParams.set('options', `-c storm.process=${process}`);
  return named.href;
}

/**
 * Installs the triggers, in a database with the schemas `dbos` and `holdfast`. They fire within the statement that writes, so what
 * they note is committed with it or not at all, and whoever holds the run's row then holds it until the commit.
 */
export async function installJournal(query: Query): Promise<void> {
  for (const statement of STATEMENTS) await query(statement);
}

const STATEMENTS = [
  'CREATE SCHEMA journal',
  `CREATE TABLE journal.executors (executor_id text PRIMARY KEY, process text)`,
  // What was written for a run: a step, a transaction's completion, or a value of a stream.
  `CREATE TABLE journal.writes (
     kind text, run_id text, step_id int, writer text, at_ms float8,
     -- Whose the run was.
     status text, executor_id text, token text)`,
  // How runs went from one status to another, and who did it. The executor is the one before.
  `CREATE TABLE journal.changes (
     run_id text, writer text, at_ms float8, before text, after text, executor_id text)`,
  'CREATE INDEX writes_of_run ON journal.writes (run_id, step_id)',
  `CREATE FUNCTION journal.writer() RETURNS text LANGUAGE sql AS $$ SELECT current_setting('storm.process', true) $$`,
  `CREATE FUNCTION journal.now_ms() RETURNS float8 LANGUAGE sql
     AS $$ SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 $$`,
  `CREATE FUNCTION journal.note_executor() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
     INSERT INTO journal.executors VALUES (NEW.executor_id, journal.writer()) ON CONFLICT DO NOTHING; RETURN NEW; END $$`,
  `CREATE FUNCTION journal.note_write() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE written jsonb := to_jsonb(NEW); BEGIN
     INSERT INTO journal.writes
     SELECT TG_ARGV[0], w.workflow_uuid, (written ->> TG_ARGV[2])::int, journal.writer(), journal.now_ms(),
            w.status, w.executor_id, w.owner_xid
       FROM dbos.workflow_status w WHERE w.workflow_uuid = written ->> TG_ARGV[1];
     RETURN NEW; END $$`,
  `CREATE FUNCTION journal.note_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
     INSERT INTO journal.changes
     VALUES (NEW.workflow_uuid, journal.writer(), journal.now_ms(), OLD.status, NEW.status, OLD.executor_id);
     RETURN NEW; END $$`,
  `CREATE TRIGGER journal AFTER INSERT ON holdfast.leases FOR EACH ROW EXECUTE FUNCTION journal.note_executor()`,
  `CREATE TRIGGER journal AFTER INSERT ON dbos.operation_outputs FOR EACH ROW
     EXECUTE FUNCTION journal.note_write('step', 'workflow_uuid', 'function_id')`,
  `CREATE TRIGGER journal AFTER INSERT ON dbos.transaction_completion FOR EACH ROW
     EXECUTE FUNCTION journal.note_write('transaction', 'workflow_id', 'function_num')`,
  `CREATE TRIGGER journal AFTER INSERT ON dbos.streams FOR EACH ROW
     EXECUTE FUNCTION journal.note_write('stream', 'workflow_uuid', 'function_id')`,
  `CREATE TRIGGER journal AFTER UPDATE ON dbos.workflow_status FOR EACH ROW
     WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION journal.note_change()`,
];
