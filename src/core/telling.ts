// What of a long conversation a model is told, so that it stays within a budget: old results of tools by their beginnings, and what is
// older still by a summary. Pure, so that a replay tells the same.

/** A message in the AI SDK's form, as far as this depends on it. */
export interface Message {
  role: string;
  content: unknown;
}

/** How a conversation is told. */
export interface Telling {
  /** So many messages at the beginning are told whatever happens: the task. */
  opening: number;
  /** Stands for the messages after the opening and before `summarisedTo`. */
  summary: string | undefined;
  summarisedTo: number;
  /** Long results of tools before this message are told by their beginnings. */
  trimmedTo: number;
  /** Results before this message that are longer than `bound` characters are told so far: those of one turn were too much. */
  boundedTo: number;
  bound: number;
}

export const IN_FULL: Telling = {
  opening: 0,
  summary: undefined,
  summarisedTo: 0,
  trimmedTo: 0,
  boundedTo: 0,
  bound: Infinity,
};

/** What to do before the model is asked. */
export type NextTelling = { act: 'tell' } | { act: 'shorten'; telling: Telling } | { act: 'summarise'; to: number };

/** Of English text. Other languages have fewer, which is why what the model itself has counted comes first. */
const CHARACTERS_OF_TOKEN = 4;
/** What is told in full is at most this part of the budget, but for the last turn. */
const LAST_PART = 0.3;
/** Trimming has to make so much room that the next turn need not trim again: each time costs the provider's cache. */
const ENOUGH = 0.6;
/** An opening up to this part of the budget is told for ever. */
const OPENING_PART = 0.25;
/** So many characters are left of a result that is trimmed, where it was long. */
const BEGINNING_OF_RESULT = 400;
const LONG_RESULT = 1000;

/** Returns about how many tokens `messages` are. */
export function estimatedTokens(messages: readonly Message[]): number {
  return messages.reduce((sum, message) => sum + Math.ceil(JSON.stringify(message).length / CHARACTERS_OF_TOKEN), 0);
}

/** Returns how many of the messages that open a conversation are told for ever. */
export function lastingOpening(opening: readonly Message[], budget: number): number {
  return estimatedTokens(opening) <= budget * OPENING_PART ? opening.length : 0;
}

/** Returns what the model is told of `messages`: the same ones, or parts of them. A call and its result are told together or not at all. */
export function told<M extends Message>(
  messages: readonly M[],
  telling: Telling,
  summaryMessage: (summary: string) => M,
): M[] {
  const { opening, summary, summarisedTo, trimmedTo, boundedTo, bound } = telling;
  const tell = (from: number, to: number): M[] =>
    messages.slice(from, to).map((message, place) => {
      if (from + place < trimmedTo) return trimmed(message);
      return from + place < boundedTo ? withShortResults(message, bound, bound) : message;
    });
  if (summary === undefined) return tell(0, messages.length);
  return [...tell(0, opening), summaryMessage(summary), ...tell(Math.max(opening, summarisedTo), messages.length)];
}

/** Returns `message` as it is told before `trimmedTo`: for ever, because that only grows. */
export function trimmed<M extends Message>(message: M): M {
  return withShortResults(message, LONG_RESULT, BEGINNING_OF_RESULT);
}

/**
 * Returns what to do before the model is told of `messages`. `besides` are the tokens that are told besides: instructions, tools, messages that
 * follow. Each act but the first gets the telling further, so that the first is reached.
 */
export function nextTelling(
  messages: readonly Message[],
  telling: Telling,
  { budget, besides }: { budget: number; besides: number },
): NextTelling {
  const size = (as: Telling): number => estimatedTokens(told(messages, as, summaryStandIn)) + besides;
  if (size(telling) <= budget) return { act: 'tell' };
  const from = Math.max(telling.opening, telling.summarisedTo);
  const cut = beginningOfLastPart(messages, from, budget * LAST_PART);
  const isEnough = size({ ...telling, trimmedTo: cut }) <= budget * ENOUGH;
  if (cut > telling.trimmedTo && isEnough) return { act: 'shorten', telling: { ...telling, trimmedTo: cut } };
  // Where all that could be is summarised already, the last turn alone is left.
  const end = cut > from ? cut : beginningOfLastPart(messages, from, 0);
  if (end > from) return { act: 'summarise', to: end };
  const to = messages.length;
  if (telling.boundedTo < to) {
    const characters = (budget * LAST_PART * CHARACTERS_OF_TOKEN) / Math.max(1, resultsIn(messages.slice(cut)));
    const bound = Math.max(BEGINNING_OF_RESULT, Math.floor(characters));
    return { act: 'shorten', telling: { ...telling, boundedTo: to, bound } };
  }
  return telling.trimmedTo < to ? { act: 'shorten', telling: { ...telling, trimmedTo: to } } : { act: 'tell' };
}

function resultsIn(messages: readonly Message[]): number {
  return messages.flatMap(({ role, content }) => (role === 'tool' && Array.isArray(content) ? content : [])).length;
}

function summaryStandIn(summary: string): Message {
  return { role: 'user', content: summary };
}

/** The earliest message from which on everything fits `room`, and at the latest the one with which the last turn begins. */
function beginningOfLastPart(messages: readonly Message[], from: number, room: number): number {
  let beginning = messages.length;
  let size = 0;
  for (let index = messages.length - 1; index >= from; index -= 1) {
    size += estimatedTokens([messages[index]!]);
    if (size > room && beginning < messages.length) break;
    if (isBeginningOfTurn(messages, index)) beginning = index;
  }
  return beginning === messages.length ? from : beginning;
}

/** Results follow the answer with their calls, which may have several messages. */
function isBeginningOfTurn(messages: readonly Message[], index: number): boolean {
  const { role } = messages[index]!;
  return role === 'user' || (role === 'assistant' && messages[index - 1]?.role !== 'assistant');
}

interface ResultPart {
  type: string;
  output: { type: string; value: unknown };
}

/** Returns the message with results of more than `longest` characters told by so many as `kept`. */
function withShortResults<M extends Message>(message: M, longest: number, kept: number): M {
  if (message.role !== 'tool' || !Array.isArray(message.content)) return message;
  const content = (message.content as ResultPart[]).map((part) =>
    part.type === 'tool-result' ? { ...part, output: shortOutput(part.output, longest, kept) } : part,
  );
  return { ...message, content };
}

function shortOutput(output: ResultPart['output'], longest: number, kept: number): ResultPart['output'] {
  const text = typeof output.value === 'string' ? output.value : (JSON.stringify(output.value) ?? '');
  if (text.length <= longest) return output;
  return { type: output.type.startsWith('error') ? 'error-text' : 'text', value: beginningOf(text, kept) };
}

/** Returns `text`, or its beginning and how much is missing. */
export function beginningOf(text: string, characters: number): string {
  if (text.length <= characters) return text;
  // Half a character would be no text.
  const kept = text.slice(0, characters).toWellFormed();
  return `${kept}… (${text.length - characters} more characters are left out here)`;
}
