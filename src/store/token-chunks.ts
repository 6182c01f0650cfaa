// The table of what models say before it is recorded. Only the execution that has a run adds to it.

import type { Knex } from 'knex';
import type { Delta } from '../core/tokens.ts';

/** A piece of what an attempt says. */
export interface TokenChunk {
  runId: string;
  /** Of the execution. */
  token: string;
  stepId: number;
  generation: string;
  /** How many UTF-16 code units the attempt had said before. */
  start: number;
  /** In what Postgres' `jsonb` can hold. */
  deltas: readonly Delta[];
}

/** A piece as it is read. */
export interface ReadChunk {
  id: number;
  stepId: number;
  generation: string;
  start: number;
  deltas: Delta[];
}

/**
 * Whose the runs are that pieces were added to, as tokens by run: pieces of others were refused. A run that is missing was locked by
 * somebody, or is gone.
 */
export type Owners = ReadonlyMap<string, string | null>;

/** The rows of the runs stay locked until the commit; those that are locked by somebody else are left out, so that nobody waits. */
const OWNED = `
WITH request AS MATERIALIZED (
  SELECT * FROM json_to_recordset(:chunks::json)
             AS r(n int, "runId" text, token text, "stepId" int, generation text, start int, deltas jsonb)),
owned AS MATERIALIZED (
  SELECT workflow_uuid, owner_xid FROM dbos.workflow_status
   WHERE workflow_uuid = ANY (ARRAY(SELECT "runId" FROM request))
   ORDER BY workflow_uuid FOR NO KEY UPDATE SKIP LOCKED),
fit AS MATERIALIZED (
  SELECT r.* FROM request r JOIN owned o ON o.workflow_uuid = r."runId" AND o.owner_xid = r.token)`;

const INSERTED = `
  INSERT INTO holdfast.token_chunks (run_id, step_id, generation, start, deltas)
  SELECT "runId", "stepId", generation, start, deltas FROM fit ORDER BY n`;

const VERDICTS = `
SELECT o.workflow_uuid AS "runId", o.owner_xid AS token FROM owned o`;

const APPEND = `${OWNED},
added AS (${INSERTED})
${VERDICTS}`;

const REPLACE = `${OWNED},
gone AS (
  DELETE FROM holdfast.token_chunks c USING fit WHERE c.run_id = fit."runId" AND c.step_id = fit."stepId"),
added AS (${INSERTED})
${VERDICTS}`;

/** Adds pieces. Where the answer is lost they may be written: then the same ones may be added again, longer. */
export function appendChunks(db: Knex, chunks: readonly TokenChunk[]): Promise<Owners> {
  return write(db, APPEND, chunks);
}

/** Puts each piece in the place of all that there is of its step. */
export function replaceChunks(db: Knex, chunks: readonly TokenChunk[]): Promise<Owners> {
  return write(db, REPLACE, chunks);
}

async function write(db: Knex, statement: string, chunks: readonly TokenChunk[]): Promise<Owners> {
  const { rows } = await db.raw<{ rows: { runId: string; token: string | null }[] }>(statement, {
    chunks: JSON.stringify(chunks.map((chunk, n) => ({ n, ...chunk }))),
  });
  return new Map(rows.map(({ runId, token }) => [runId, token]));
}

/** Removes all that there is of these steps. */
export async function removeChunks(db: Knex, steps: readonly { runId: string; stepId: number }[]): Promise<void> {
  await db.raw(
    `DELETE FROM holdfast.token_chunks c USING unnest(:runIds::text[], :stepIds::int[]) AS done (run_id, step_id)
      WHERE c.run_id = done.run_id AND c.step_id = done.step_id`,
    { runIds: steps.map(({ runId }) => runId), stepIds: steps.map(({ stepId }) => stepId) },
  );
}

/** A question for the pieces of a run behind one of them. */
export interface ChunksBehind {
  runId: string;
  /** The id of the last one that is known; 0 for none. */
  id: number;
}

/** The next pieces of a run. */
export interface ChunksPage {
  /** Those of the attempts that said something last, oldest first. */
  chunks: ReadChunk[];
  /** The last piece that was looked at. */
  lastId: number;
  /** Whether there may be more behind it. */
  more: boolean;
}

/** So many pieces are read at a time. */
const PAGE = 200;

/** Which of them are void is looked up for these only, however many there are. */
const READ = `
SELECT asked.n::int AS n, page.id::float8 AS id, page.step_id AS "stepId", page.generation, page.start,
       CASE WHEN page.generation = (SELECT l.generation FROM holdfast.token_chunks l
                                     WHERE l.run_id = page.run_id AND l.step_id = page.step_id ORDER BY l.id DESC LIMIT 1)
            THEN page.deltas END AS deltas
  FROM unnest(:runIds::text[], :ids::bigint[]) WITH ORDINALITY AS asked (run_id, id, n)
 CROSS JOIN LATERAL (
         SELECT t.* FROM holdfast.token_chunks t
          WHERE t.run_id = asked.run_id AND t.id > asked.id ORDER BY t.id LIMIT ${PAGE}) AS page
 ORDER BY asked.n, page.id`;

/** Returns the next pieces for each question. */
export async function readChunks(db: Knex, questions: readonly ChunksBehind[]): Promise<ChunksPage[]> {
  const { rows } = await db.raw<{ rows: (Omit<ReadChunk, 'deltas'> & { n: number; deltas: Delta[] | null })[] }>(READ, {
    runIds: questions.map(({ runId }) => runId),
    ids: questions.map(({ id }) => id),
  });
  const found = Map.groupBy(rows, ({ n }) => n);
  return questions.map(({ id }, index) => {
    const page = found.get(index + 1) ?? [];
    const chunks = page.flatMap(({ n: _, deltas, ...chunk }) => (deltas ? [{ ...chunk, deltas }] : []));
    return { chunks, lastId: page.at(-1)?.id ?? id, more: page.length === PAGE };
  });
}
