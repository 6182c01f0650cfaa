// The title of a document as its author wrote it: header field, first heading, or first significant line; never made
// up.

import type { Block } from '../read/blocks.ts';
import { fieldValue, type Field } from '../read/header.ts';
import { plainInline } from '../read/inline.ts';
import { sectionWeight } from '../read/sections.ts';

const longest = 120;

/** Where a title is looked for. `firstSentence` is asked last, because finding sentences costs most. */
export interface TitleSource {
  fields: readonly Field[];
  pageTitle: string | undefined;
  /** The text shown in place of the first picture near the top, which in many projects is the name on the logo. */
  imageText: string | undefined;
  blocks: readonly Block[];
  /** Whether the document is a letter, whose first lines are an address. */
  letter: boolean;
  firstSentence: () => string | undefined;
}

/** The title, or undefined when the document has none that can be quoted. */
export function titleOf(source: TitleSource): string | undefined {
  const named = fieldValue(source.fields, 'title', 'subject', 'betreff', 'objet', 'asunto', 'document title', 'name');
  if (named) return shortened(plainInline(named.replace(/^(?:(?:re|fwd?|aw|wg|sv)\s*:\s*)+/i, '')));
  const words = source.blocks.filter(
    (block) =>
      block.kind !== 'code' &&
      block.kind !== 'table' &&
      /\p{L}{2}/u.test(block.text) &&
      !/^(?:copyright|\(c\)|©)/i.test(block.text),
  );
  const labelled = words
    .slice(0, 12)
    .map((block) => /^(?:title|subject|betreff|re|objet|asunto)\s*:\s*(\S.*)$/i.exec(block.text)?.[1])
    .find(Boolean);
  if (labelled) return shortened(labelled);
  const early = words.slice(0, 15);
  const tops = early.filter((block) => block.kind === 'heading' && block.level === 1);
  const heading = early.filter((block) => isTitle(block, tops.length === 1)).toSorted((a, b) => a.level - b.level)[0];
  const first = early[0];
  if (heading && (heading.level === 1 || early.indexOf(heading) < 3)) return shortened(heading.text);
  if (source.pageTitle ?? source.imageText) return shortened(plainInline((source.pageTitle ?? source.imageText)!));
  if (!source.letter && (first?.kind === 'heading' || first?.kind === 'line'))
    return shortened(first.text.replace(/[:\s]+$/, ''));
  const sentence = source.firstSentence() ?? first?.text;
  return sentence === undefined ? undefined : shortened(sentence.replace(/\.$/, ''));
}

/** A heading that names the document, not one of its usual sections. */
function isTitle(block: Block, onlyTop: boolean): boolean {
  return (
    block.kind === 'heading' &&
    !boilerplate.test(block.text) &&
    ((block.level === 1 && onlyTop) || sectionWeight(block.text) === 1)
  );
}

const boilerplate =
  /^(?:table of contents|contents|abstract|details|notes|introduction|overview|summary|index|navigation|menu|inhalt(?:sverzeichnis)?)$/i;

/** Cuts at a word's end, with an ellipsis, where a title is longer than 120 characters. */
function shortened(text: string): string | undefined {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line === '') return undefined;
  return line.length <= longest ? line : `${line.slice(0, longest).replace(/\s+\S*$/, '')}…`;
}
