// What a measuring process sees of the database, on a connection of its own.

import pg from 'pg';

const LOOK_AGAIN_MS = 20;
const LONGEST_WAIT_MS = 10 * 60_000;

/** Connects to the database of `url`. */
export async function observe(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

/** Tells whether all runs have ended. Cheap enough to be asked again and again while they run. */
export async function allEnded(client: pg.Client): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT FROM dbos.workflow_status WHERE status IN ('ENQUEUED', 'PENDING', 'DELAYED') LIMIT 1`,
  );
  return rowCount === 0;
}

/** Waits until `holds`. @throws Error naming `what` after ten minutes */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + LONGEST_WAIT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Ten minutes were not enough for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** Returns how many bytes of write-ahead log there are so far. */
export async function walPosition(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS bytes`,
  );
  return Number(rows[0]!.bytes);
}
