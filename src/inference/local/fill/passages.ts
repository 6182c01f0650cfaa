// Passages of a document by their role: key points, questions, requirements, action items, quotations, headings, the
// sentence around a mention.

import type { Analysis } from '../analysis.ts';
import type { Mention } from '../facts/mention.ts';

type Finder = (analysis: Analysis) => Mention[];

const passage = (type: string, text: string, facets: Mention['facets'] = {}): Mention => ({
  type,
  text,
  at: 0,
  count: 1,
  facets,
});

/** The best sentences, in the document's order, for key points and the like. */
export function keyPoints(analysis: Analysis, most = 5): Mention[] {
  return analysis.summary({ sentences: most, maxChars: 4000 }).map((text) => passage('sentence', text));
}

export const questions: Finder = ({ sentences }) =>
  sentences
    .filter(({ text, words }) => /\?["”»)]?$/.test(text) && words.length >= 3)
    .map(({ text }) => passage('question', text));

export const requirements: Finder = ({ sentences }) =>
  sentences
    .filter(
      ({ text, words }) =>
        words.length >= 5 && /\b(?:MUST|SHALL|REQUIRED|must|shall|required to|muss|müssen|doit|debe)\b/.test(text),
    )
    .map(({ text }) => passage('requirement', text));

export const quotations: Finder = ({ prose }) =>
  [...prose.matchAll(/["“„«]([^"”“»\n]{15,400})["”“»]/g)].map((match) =>
    passage('quotation', match[1]!.trim().replace(/,$/, '')),
  );

export const headings: Finder = ({ blocks }) =>
  blocks
    .filter((block) => block.kind === 'heading')
    .map((block) => passage('heading', block.text, { level: block.level }));

const actionHeading =
  /^(?:\d+\.?\s*)?(?:action(?:s| items?| points?)?|to-?dos?|tasks?|next steps?|follow[- ]ups?|recommendations?|aufgaben|nächste schritte|maßnahmen)\b/i;

/** Items below a heading such as "Action items", check boxes, and lines that begin with "Action:" or "To do:". */
export const actionItems: Finder = ({ blocks, parts }) => {
  const found: Mention[] = [];
  let inside = false;
  for (const block of blocks) {
    if (block.kind === 'heading') inside = actionHeading.test(block.text);
    else if (block.kind === 'item' && inside) found.push(actionOf(block.text));
    else if (/^(?:todo|action(?: item)?)\s*:\s*\S/i.test(block.text))
      found.push(actionOf(block.text.replace(/^[^:]+:\s*/, '')));
  }
  if (found.length > 0) return found;
  return [...parts.body.matchAll(/^[ \t]*[-*]\s+\[[ xX]\]\s+(\S.*)$/gm)].map((match) => actionOf(match[1]!.trim()));
};

/** `Name: do something by Friday` names its owner. */
function actionOf(text: string): Mention {
  const owner = /^(\p{Lu}[\p{L}'’-]+(?: \p{Lu}[\p{L}'’-]+)?)\s*:\s+/u.exec(text);
  const due =
    /\b(?:by|until|before|bis)\s+(\d{4}-\d{2}-\d{2}|\p{Lu}\p{L}+(?: \d{1,2}(?:, \d{4})?)?|\d{1,2} \p{Lu}\p{L}+(?: \d{4})?)/u.exec(
      text,
    )?.[1];
  return passage('action', text, {
    ...(owner && { owner: owner[1]! }),
    ...(due && { due }),
    task: owner ? text.slice(owner[0].length) : text,
  });
}

/** The sentence that a mention stands in, or the line where it stands in no sentence. */
export function contextOf(analysis: Analysis, mention: Mention): string | undefined {
  const sentence = analysis.sentences.find(({ text }) => text.includes(mention.text));
  if (sentence) return sentence.text;
  const start = analysis.text.lastIndexOf('\n', mention.at) + 1;
  const end = analysis.text.indexOf('\n', mention.at);
  return (
    analysis.text
      .slice(start, end < 0 ? undefined : end)
      .replace(/\s+/g, ' ')
      .trim() || undefined
  );
}
