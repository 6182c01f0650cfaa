// What a connection is called in pg_stat_activity, so that people see what each of a process's connections is for.

/** Returns `databaseUrl` with `name` as the name of the connection. What the URL says has precedence over the settings of a client. */
export function withConnectionName(databaseUrl: string, name: string): string {
  const url = new URL(databaseUrl);
  url.searchParams.set('application_name', name);
  // A form writes a space as "+", which other readers of such URLs leave as it is.
  url.search = url.searchParams.toString().replaceAll('+', '%20');
  return url.href;
}
