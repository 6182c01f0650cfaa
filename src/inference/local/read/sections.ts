// What a section's heading says about how much its sentences tell of the whole document.

const leading =
  /^(abstract|summary|executive summary|overview|introduction|about|at a glance|synopsis|tl;?dr|purpose|what is|description|zusammenfassung|einleitung|résumé|resumen|introducción)\b/i;
const supporting =
  /^(motivation|rationale|background|conclusions?|key (points|findings)|results?|findings|scope|goals?|proposal|specification|features?|why|discussion|decisions?|fazit)\b/i;
const minor =
  /^(installation|installing|install|usage|examples?|quick ?start|getting started|api|options|configuration|rejected|alternatives|open (issues|questions)|appendix|backwards? compat|reference implementation|how to (teach|run)|faq|testing|development|security implications|demo|todo|post-history|screenshots|benchmarks?)\b/i;
const back =
  /^(references?|bibliography|footnotes?|links?|see also|copyright|licen[cs]e|acknowledge?ments?|thanks|credits|table of contents|contents|index|change ?log|release notes|history|contributors?|contributing|authors?|maintainers|badges|sponsors?|backers|support us|donat|community|code of conduct|security policy|related( projects)?|further reading|people|literatur|quellen)\b/i;

/** The weight of sentences under this heading: 1 is neutral, 0 means that a summary must not quote them. */
export function sectionWeight(heading: string): number {
  const title = heading.replace(/^[\d.]+\s+/, '').trim();
  if (back.test(title)) return 0;
  if (leading.test(title)) return 1.8;
  if (supporting.test(title)) return 1.25;
  if (minor.test(title)) return 0.6;
  return 1;
}
