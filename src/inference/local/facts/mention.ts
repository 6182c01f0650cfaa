// A mention: something that stands in the text, with what can be read off it (an ISO date, an amount, a role) and
// nothing more.

/** Where the text says something of a known type. `at` is the offset of its first occurrence in the text. */
export interface Mention {
  type: string;
  text: string;
  at: number;
  count: number;
  /**
   * Further facts by the name under which a schema may ask for them, e.g. `iso`, `amount`, `currency`, `url`, `email`.
   */
  facets: Readonly<Record<string, string | number>>;
}

/** One mention per different text and type, in order of first occurrence, with the occurrences counted. */
export function merged(mentions: readonly Mention[]): Mention[] {
  const byKey = new Map<string, Mention>();
  for (const mention of mentions.toSorted((a, b) => a.at - b.at)) {
    const key = `${mention.type}\n${mention.text.toLowerCase()}`;
    const known = byKey.get(key);
    if (known) byKey.set(key, { ...known, count: known.count + mention.count });
    else byKey.set(key, mention);
  }
  return [...byKey.values()];
}
