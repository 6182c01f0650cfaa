// Where the link to an approval leads.

/** Returns the address of the page for `token` on the service that people reach at `origin`. */
export function approvalUrl(origin: string, token: string): string {
  return `${origin}/approve/${token}`;
}

/** Returns `path` without the token that it has when it is that of such a page: what goes to a log must not let anybody decide. */
export function withoutToken(path: string): string {
  return path.replace(/^(.*\/approve\/).*$/is, '$1…');
}
