// How URLs, and what others say about them, are shown to people: without what may be secret.

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

const URLS = /\bhttps?:\/\/[^\s"'<>\\]+/gi;
/** As they stand in headers (RFC 9110, section 11), and what the large services put before their keys. */
const CREDENTIALS = /\b(Bearer|Basic|Token)\s+[\w.~+/=-]{8,}|\b(sk|pk|rk|ghp|gho|ghs|xoxb|xoxp|whsec)([_-])[\w-]{8,}/gi;

/** Returns `text`, which may quote what somebody else's server said, with URLs as `urlForPeople` shows them, and without credentials. */
export function textForPeople(text: string): string {
  return text
    .replace(URLS, (url) => (URL.canParse(url) ? urlForPeople(url) : LEFT_OUT))
    .replace(CREDENTIALS, (_all, scheme?: string, prefix?: string, joint?: string) =>
      scheme === undefined ? `${prefix}${joint}${LEFT_OUT}` : `${scheme} ${LEFT_OUT}`,
    );
}

/** A name without a value may be the secret itself. */
function withoutValue(name: string, value: string): string {
  return value === '' ? LEFT_OUT : `${withoutToken(encodeURIComponent(name))}=${LEFT_OUT}`;
}

function withoutToken(part: string): string {
  const looksLikeToken = part.length >= SHORTEST_TOKEN && /\d/.test(part) && /[a-z]/i.test(part) && !UUID.test(part);
  return looksLikeToken ? `${part.slice(0, SHOWN_OF_TOKEN)}${LEFT_OUT}` : part;
}
