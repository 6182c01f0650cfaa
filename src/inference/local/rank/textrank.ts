// TextRank: which sentences say most of what the others say too (Mihalcea and Tarau 2004, with idf-weighted cosine
// similarity).

const damping = 0.85;
const rounds = 25;
const weakestLink = 0.1;

/**
 * Scores sentences, given as sets of lemmas, by their centrality: the scores sum up to about 1, a sentence like no
 * other gets the least. The work grows with the square of the number of sentences; callers pass a few hundred at most.
 */
export function textRank(sentences: readonly ReadonlySet<string>[]): number[] {
  const count = sentences.length;
  const links = similarities(sentences);
  const weights = links.map((row) => row.reduce((sum, link) => sum + link.weight, 0));
  let scores = new Array<number>(count).fill(1 / Math.max(1, count));
  for (let round = 0; round < rounds; round += 1) {
    const next = new Array<number>(count).fill((1 - damping) / Math.max(1, count));
    for (let from = 0; from < count; from += 1) {
      for (const link of links[from]!) next[link.to]! += (damping * scores[from]! * link.weight) / weights[from]!;
    }
    scores = next;
  }
  return scores;
}

interface Link {
  to: number;
  weight: number;
}

/** Links between sentences by the cosine of their idf-weighted lemmas, weak links left out. */
function similarities(sentences: readonly ReadonlySet<string>[]): Link[][] {
  const holders = new Map<string, number[]>();
  sentences.forEach((set, index) => {
    for (const lemma of set) {
      const known = holders.get(lemma);
      if (known) known.push(index);
      else holders.set(lemma, [index]);
    }
  });
  const weights = new Map([...holders].map(([lemma, held]) => [lemma, Math.log(1 + sentences.length / held.length)]));
  const idf = (lemma: string) => weights.get(lemma)!;
  const norms = sentences.map((set) => Math.hypot(...[...set].map(idf)));
  const links: Link[][] = sentences.map(() => []);
  sentences.forEach((set, from) => {
    const shared = new Map<number, number>();
    for (const lemma of set) {
      for (const to of holders.get(lemma)!) if (to > from) shared.set(to, (shared.get(to) ?? 0) + idf(lemma) ** 2);
    }
    for (const [to, dot] of shared) {
      const weight = dot / (norms[from]! * norms[to]!);
      if (weight < weakestLink) continue;
      links[from]!.push({ to, weight });
      links[to]!.push({ to: from, weight });
    }
  });
  return links;
}
