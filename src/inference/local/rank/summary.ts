// An extractive summary: a few of the document's own sentences, chosen for what they cover together, in the document's
// order.

import type { Ranked } from './sentences.ts';

/** How long a summary may be. */
export interface SummarySize {
  /** Sentences wanted; fewer when the document has fewer that can be quoted. */
  sentences: number;
  /** Characters allowed at most. */
  maxChars: number;
}

/**
 * Chooses sentences greedily by score, against repetition (maximal marginal relevance), and returns them in document
 * order.
 */
export function chooseSentences(ranked: readonly Ranked[], size: SummarySize): string[] {
  const chosen: Ranked[] = [];
  let left = size.maxChars;
  const candidates = ranked.slice(0, 60);
  while (chosen.length < size.sentences) {
    let best: { item: Ranked; worth: number } | undefined;
    for (const item of candidates) {
      if (chosen.includes(item) || item.text.length > left) continue;
      const overlap = Math.max(0, ...chosen.map((other) => overlapOf(item, other)));
      const worth = overlap > 0.6 ? 0 : item.score * (1 - overlap);
      if (worth > 0 && (best === undefined || worth > best.worth)) best = { item, worth };
    }
    if (best === undefined) break;
    chosen.push(best.item);
    left -= best.item.text.length + 1;
  }
  return chosen.toSorted((a, b) => a.order - b.order).map((item) => item.text);
}

function overlapOf(a: Ranked, b: Ranked): number {
  const shared = [...a.lemmas].filter((lemma) => b.lemmas.has(lemma)).length;
  return shared / Math.max(1, Math.min(a.lemmas.size, b.lemmas.size));
}
