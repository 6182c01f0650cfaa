// How Postgres plans the engine's statements.

/**
 * The engine reads and writes rows by their keys only, in tables that grow fast from nothing. A plan that was made while a table was
 * small would read all of it for as long as the statement stays prepared; so indexes are taken always, and a statement is planned once.
 */
const SETTINGS = ['enable_seqscan=off', 'plan_cache_mode=force_generic_plan'];

/**
 * A connection can be dead and look open for a quarter of an hour. No statement of the engine takes this long, in milliseconds: one
 * that does is repeated on another connection.
 */
const ANSWER_WITHIN_MS = 30_000;

/** Returns `databaseUrl` with the settings of the engine's connections. */
export function engineUrl(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  const options = [url.searchParams.get('options'), ...SETTINGS.map((setting) => `-c ${setting}`)];
  url.searchParams.set('options', options.filter(Boolean).join(' '));
  if (!url.searchParams.has('query_timeout')) url.searchParams.set('query_timeout', String(ANSWER_WITHIN_MS));
  // A form writes a space as "+", which other readers of such URLs leave as it is.
  url.search = url.searchParams.toString().replaceAll('+', '%20');
  return url.href;
}
