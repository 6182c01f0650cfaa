// What a property asks for, read from its name, its description and, where these say nothing, the words of the
// instruction.

import { singular, wordsOf } from '../facts/labels.ts';
import type { Schema } from './schema.ts';

/** The question that a schema puts at one place. */
export interface Query {
  /** The words of the property's name, singular and in lower case. */
  words: string[];
  /** Whether the name is a plural, such as `keywords`. */
  plural: boolean;
  /** The words of its description, or of the instruction where the name is a mere placeholder. */
  hints: string[];
  /** Description and instruction as written. */
  prose: string;
  path: string;
}

/** Names that say nothing about what is meant: the AI SDK wraps arrays in `elements` and choices in `result`. */
const placeholders = new Set(
  'result element item value output answer response data object list array content property field entry'.split(' '),
);

/** The query of a property; `parent` gives the words of the place around it when its own name is a placeholder. */
export function queryOf(name: string, schema: Schema, parent: Query): Query {
  const words = wordsOf(name).filter((word) => word !== 'the' && word !== 'of');
  const description = [schema.title, schema.description].filter(Boolean).join('. ');
  const telling = words.some((word) => !placeholders.has(word));
  return {
    words: telling ? words : parent.words,
    plural: telling ? name.endsWith('s') && !words.includes(name.toLowerCase()) : parent.plural,
    hints: description === '' ? (telling ? [] : parent.hints) : wordsIn(description),
    prose: [description, parent.prose].filter(Boolean).join('\n'),
    path: parent.path === '' ? name : `${parent.path}.${name}`,
  };
}

/** The query of the whole answer. */
export function rootQuery(instruction: string, schema: Schema): Query {
  const description = [schema.title, schema.description].filter(Boolean).join('. ');
  return {
    words: [],
    plural: false,
    hints: [...wordsIn(description), ...wordsIn(instruction)],
    prose: [description, instruction].filter(Boolean).join('\n'),
    path: '',
  };
}

function wordsIn(text: string): string[] {
  return (
    text
      .toLowerCase()
      .replaceAll('e-mail', 'email')
      .match(/[\p{L}\d-]+/gu) ?? []
  ).map(singular);
}

const numbers: Readonly<Record<string, number>> = {
  one: 1,
  single: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
};

/**
 * How many sentences a text asks for ("in two sentences", "a 3-sentence summary", "one line"); undefined when it does
 * not say.
 */
export function sentencesAsked(text: string): number | undefined {
  const match =
    /\b(\d{1,2}|one|single|two|three|four|five|six|seven|eight|nine|ten)(?:\s?(?:to|-|–|or)\s?(\d{1,2}|two|three|four|five|six))?[\s-]+(?:short |plain |concise |brief )?(?:sentence|line|satz|sätze)/i.exec(
      text,
    );
  if (!match) return undefined;
  const word = (match[2] ?? match[1]!).toLowerCase();
  return Math.max(1, Math.min(20, numbers[word] ?? Number.parseInt(word, 10)));
}
