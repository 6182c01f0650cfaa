// Everything that is known of one document, worked out when it is first asked for and kept: three questions parse the
// text once.

import { entitiesIn } from './facts/entities.ts';
import { labelledValues } from './facts/labels.ts';
import type { Mention } from './facts/mention.ts';
import { kindsOf, type KindScore } from './rank/classify.ts';
import { describe, jsonTitle } from './rank/describe.ts';
import { keyphrasesOf, type Keyphrase } from './rank/keyphrases.ts';
import { detectLanguage, type Language } from './rank/language.ts';
import { rankSentences, type Ranked } from './rank/sentences.ts';
import { chooseSentences, type SummarySize } from './rank/summary.ts';
import { titleOf } from './rank/title.ts';
import { readBlocks, type Block } from './read/blocks.ts';
import { commentsOf } from './read/comments.ts';
import { readEnglish } from './read/english.ts';
import { splitHeader, type Field, type SplitDocument } from './read/header.ts';
import { htmlTitle, htmlToText } from './read/html.ts';
import { readOther } from './read/other-language.ts';
import { mailParts, type MailParts } from './read/mail.ts';
import { piecesOf, sampled, type Piece } from './read/sample.ts';
import type { Sentence } from './read/sentence.ts';
import { shapeOf, type Shape } from './read/shape.ts';

/** Runs of empty lines, which the classifier's patterns would look through again and again. */
const emptyLines = /\n[ \t]*(?:\n[ \t]*){2,}/g;
/** Pictures that show a state, not a name. */
const badge = /badge|shields|npm|build|status|version|licen[cs]e|coverage|downloads|\bci\b/i;
/** Facts are looked for in this many characters from the start. */
const mostSearched = 400_000;

export class Analysis {
  readonly text: string;
  readonly #known = new Map<string, unknown>();

  constructor(text: string) {
    this.text = text;
  }

  get shape(): Shape {
    return this.#once('shape', () => shapeOf(this.text));
  }

  /** The header's fields, and the body as text without HTML. */
  get parts(): SplitDocument {
    return this.#once('parts', () => {
      if (this.shape === 'html') return { fields: [], body: htmlToText(this.text) };
      return this.shape === 'prose' ? splitHeader(this.text.replace(/\r\n?/g, '\n')) : { fields: [], body: this.text };
    });
  }

  /** The blocks of the body; of program text only its comments, of data and logs none. */
  get blocks(): Block[] {
    return this.#once('blocks', () => {
      if (this.shape === 'code') return readBlocks(commentsOf(this.text));
      if (this.shape !== 'prose' && this.shape !== 'html') return [];
      return readBlocks(this.#mail.own);
    });
  }

  /** The plain words of the document, one block a line. */
  get prose(): string {
    return this.#once('prose', () => this.#wordy.map((block) => block.text).join('\n'));
  }

  get language(): Language {
    return this.#once('language', () => detectLanguage(this.prose));
  }

  get sentences(): Sentence[] {
    return this.#reading.sentences;
  }

  /** From -1 (negative) to 1 (positive); undefined where the language is not English or there is no prose. */
  get sentiment(): number | undefined {
    return this.#reading.sentiment;
  }

  get title(): string | undefined {
    return this.#once('title', () => {
      if (this.shape === 'json') return jsonTitle(this.text);
      const image = /!\[([^\]]{3,80})\]\(|<img\b[^>]*\balt="([^"]{3,80})"/i.exec(this.parts.body.slice(0, 1000));
      return titleOf({
        fields: this.parts.fields,
        pageTitle: this.shape === 'html' ? htmlTitle(this.text) : undefined,
        imageText: image && !badge.test(image[0]) ? (image[1] ?? image[2])?.replace(/\s+logo$/i, '') : undefined,
        blocks: this.blocks,
        letter: this.#mail.letter,
        firstSentence: () => this.sentences[0]?.text,
      });
    });
  }

  get kinds(): KindScore[] {
    return this.#once('kinds', () =>
      kindsOf({
        text: this.parts.body.replace(emptyLines, '\n\n'),
        shape: this.shape,
        fields: this.parts.fields,
        blocks: this.blocks,
        title: this.title ?? '',
      }),
    );
  }

  /** The sentences that can stand in a summary, best first. */
  get ranked(): Ranked[] {
    return this.#once('ranked', () => rankSentences(this.sentences, this.blocks, this.title ?? ''));
  }

  get keyphrases(): Keyphrase[] {
    return this.#once('keyphrases', () => keyphrasesOf(this.sentences, this.blocks));
  }

  get entities(): Mention[] {
    return this.#once('entities', () =>
      entitiesIn({
        text: this.text.slice(0, mostSearched),
        prose: `${this.prose}\n${this.#mail.around}`,
        fields: this.parts.fields,
        recognised: this.#reading.recognised,
      }),
    );
  }

  /**
   * A summary of the wanted size; of documents without sentences a description by their labelled values, items or form.
   */
  summary(size: SummarySize): string[] {
    const chosen = chooseSentences(this.ranked, size);
    const mostlyFields = this.ranked.length <= 2 && this.labelled.length >= 3;
    return !mostlyFields && chosen.join(' ').length >= 40 && chosen.length >= Math.min(2, size.sentences)
      ? chosen
      : describe(this, chosen, size);
  }

  /** The values that the document labels itself. */
  get labelled(): Field[] {
    return this.#once('labelled', () =>
      labelledValues(this.parts.fields, this.parts.body.slice(0, mostSearched), this.blocks),
    );
  }

  get #mail(): MailParts {
    return this.#once('mail', () =>
      this.shape === 'prose' ? mailParts(this.parts) : { own: this.parts.body, around: '', letter: false },
    );
  }

  get #wordy(): Piece[] {
    return this.#once('wordy', () => {
      const words = this.blocks.map(({ kind, text }, index) => ({ index, kind, text }));
      return piecesOf(words.filter(({ kind }) => kind !== 'code' && kind !== 'table'));
    });
  }

  get #reading(): {
    sentences: Sentence[];
    recognised: { value: string; type: string }[];
    sentiment: number | undefined;
  } {
    return this.#once('reading', () => {
      const blocks = sampled(this.#wordy);
      const english = this.language.code === 'en' || (this.language.code === 'und' && /[a-z]/i.test(this.prose));
      if (!english) return { sentences: readOther(blocks, this.language.code), recognised: [], sentiment: undefined };
      const { sentences, entities, sentiment } = readEnglish(blocks);
      return { sentences, recognised: entities, sentiment: this.language.code === 'en' ? sentiment : undefined };
    });
  }

  #once<T>(name: string, make: () => T): T {
    if (!this.#known.has(name)) this.#known.set(name, make());
    return this.#known.get(name) as T;
  }
}
