// What a model says, in pieces: how pieces are counted, cut and put together, and how far somebody has read them.

/** What was added to a part of an answer. Parts are numbered in the order in which they begin; empty ones have no number. */
export type Delta = readonly [part: number, type: DeltaType, text: string];
export type DeltaType = 'text' | 'reasoning';

/** How far somebody has read what an attempt says: so many UTF-16 code units of it. */
export interface TokenPlace {
  generation: string;
  offset: number;
}

/** By the numbers of steps. */
export type TokenPlaces = ReadonlyMap<number, TokenPlace>;

/**
 * Returns what is said in recorded messages of a model (`content` is a text or an array of parts, as in the AI SDK), in the order of its
 * parts.
 */
export function saidIn(messages: readonly { content: unknown }[]): Delta[] {
  const said: Delta[] = [];
  for (const { content } of messages) {
    const parts: unknown[] = Array.isArray(content) ? content : [{ type: 'text', text: content }];
    for (const part of parts) {
      const { type, text } = part as { type?: unknown; text?: unknown };
      if ((type === 'text' || type === 'reasoning') && typeof text === 'string' && text !== '')
        said.push([said.length, type, text]);
    }
  }
  return said;
}

/** Returns how many UTF-16 code units `deltas` have. */
export function lengthOf(deltas: readonly Delta[]): number {
  return deltas.reduce((sum, [, , text]) => sum + text.length, 0);
}

/** Returns `deltas` with what follows within the same part put together. */
export function merged(deltas: readonly Delta[]): Delta[] {
  const result: [number, DeltaType, string][] = [];
  for (const [part, type, text] of deltas) {
    const last = result.at(-1);
    if (last?.[0] === part) last[2] += text;
    else if (text !== '') result.push([part, type, text]);
  }
  return result;
}

/** Returns `deltas` without the first `units` UTF-16 code units. */
export function behind(deltas: readonly Delta[], units: number): Delta[] {
  let left = units;
  const rest: Delta[] = [];
  for (const [part, type, text] of deltas) {
    if (left < text.length) rest.push([part, type, text.slice(left)]);
    left = Math.max(0, left - text.length);
  }
  return rest;
}

/** Returns `deltas` in pieces of at most `units` UTF-16 code units; no character is cut in two. */
export function inPieces(deltas: readonly Delta[], units: number): Delta[] {
  return deltas.flatMap(([part, type, text]) => {
    const pieces: Delta[] = [];
    for (let at = 0; at < text.length;) {
      const end = at + units - (isHighSurrogate(text, at + units - 1) ? 1 : 0);
      pieces.push([part, type, text.slice(at, end)]);
      at = end;
    }
    return pieces;
  });
}

/** Tells whether the code unit of `text` at `index` is the first half of a character that has two. */
export function isHighSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** What comes between the places of two steps, and between what a place consists of. */
const PLACES = ',';
const FIELDS = '~';

/**
 * Returns `places` as text, such as `6~k3j9x2a~120`; where that would be longer than `limit`, as many as fit. `isWhole` tells whether
 * these are all.
 */
export function formatPlaces(places: TokenPlaces, limit: number): { text: string; isWhole: boolean } {
  let text = '';
  for (const [stepId, { generation, offset }] of places) {
    const place = [stepId, generation, offset].join(FIELDS);
    const longer = text === '' ? place : `${text}${PLACES}${place}`;
    if (longer.length > limit) return { text, isWhole: false };
    text = longer;
  }
  return { text, isWhole: true };
}

/** Returns the places that `formatPlaces` wrote as `text`, or undefined when the text is not of that form. */
export function parsePlaces(text: string): TokenPlaces | undefined {
  const places = new Map<number, TokenPlace>();
  for (const place of text === '' ? [] : text.split(PLACES)) {
    const match = /^(\d{1,10})~([a-z0-9]{1,20})~(\d{1,10})$/.exec(place);
    if (!match) return undefined;
    places.set(Number(match[1]), { generation: match[2]!, offset: Number(match[3]) });
  }
  return places;
}
