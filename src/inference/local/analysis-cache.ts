// The analyses of the documents asked about last, by the hash of their text, so that several questions parse a document
// once.

import { createHash } from 'node:crypto';
import { Analysis } from './analysis.ts';

const mostDocuments = 8;
const mostChars = 4_000_000;

export class AnalysisCache {
  readonly #known = new Map<string, Analysis>();

  /**
   * The analysis of this text, begun now or taken up again. The least recently used ones are dropped beyond 8 documents
   * or 4 million characters.
   */
  of(text: string): Analysis {
    const key = createHash('sha256').update(text).digest('base64');
    const analysis = this.#known.get(key) ?? new Analysis(text);
    this.#known.delete(key);
    this.#known.set(key, analysis);
    let chars = [...this.#known.values()].reduce((sum, known) => sum + known.text.length, 0);
    for (const [oldest, known] of this.#known) {
      if (this.#known.size <= 1 || (this.#known.size <= mostDocuments && chars <= mostChars)) break;
      this.#known.delete(oldest);
      chars -= known.text.length;
    }
    return analysis;
  }
}
