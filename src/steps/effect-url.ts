// How the URL of a request is shown to people: as far as it says what was asked for, without what may be secret in it.

/** Stands for what was left out. */
const LEFT_OUT = '…';
const LONGEST = 2000;
const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** Some services have the token in the path, such as those for chat messages. Of what looks like one, so much is shown. */
const SHOWN_OF_TOKEN = 6;
const SHORTEST_TOKEN = 21;

/** Returns `url` without user, password, fragment, the values in its query, and parts of its path that look like tokens. */
export function urlForPeople(url: string): string {
  const { origin, pathname, searchParams } = new URL(url);
  const path = pathname.split('/').map(withoutToken).join('/');
  const query = [...searchParams].map(([name, value]) => withoutValue(name, value)).join('&');
  const text = `${origin}${path}${query && '?'}${query}`;
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}${LEFT_OUT}` : text;
}

/** A name without a value may be the secret itself. */
function withoutValue(name: string, value: string): string {
  return value === '' ? LEFT_OUT : `${withoutToken(encodeURIComponent(name))}=${LEFT_OUT}`;
}

function withoutToken(part: string): string {
  const looksLikeToken = part.length >= SHORTEST_TOKEN && /\d/.test(part) && /[a-z]/i.test(part) && !UUID.test(part);
  return looksLikeToken ? `${part.slice(0, SHOWN_OF_TOKEN)}${LEFT_OUT}` : part;
}
