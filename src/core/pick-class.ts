// Which class a rule picks for a request: without a clock and without asking anybody.

/** What is asked. */
export interface Asked {
  /** About how many tokens the prompt has. */
  inputTokens: number;
  hasTools: boolean;
  hasImages: boolean;
  /** The text of the last message of the user. */
  text: string;
}

/** All that a rule names has to be so. */
export interface AutoRule {
  class: string;
  /** The prompt has at least about so many tokens. */
  minTokens?: number | undefined;
  /** Whether the model may call tools. */
  tools?: boolean | undefined;
  /** Whether there are images in the prompt. */
  images?: boolean | undefined;
  /** One of these is in the last message of the user, as a word and in whatever case. */
  words?: readonly string[] | undefined;
}

/** Returns the place of the first rule that holds for `asked`; -1 when none does. */
export function ruleFor(rules: readonly AutoRule[], asked: Asked): number {
  return rules.findIndex(
    ({ minTokens, tools, images, words }) =>
      (minTokens === undefined || asked.inputTokens >= minTokens) &&
      (tools === undefined || asked.hasTools === tools) &&
      (images === undefined || asked.hasImages === images) &&
      (words === undefined || words.some((word) => hasWord(asked.text, word))),
  );
}

/** Letters of any script: what JavaScript calls a word has no accents. */
function hasWord(text: string, word: string): boolean {
  const quoted = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}])${quoted}(?![\\p{L}\\p{N}])`, 'iu').test(text);
}

/** Returns which of `classes` an answer names: the one whose name comes last in it, for a model may think aloud. */
export function classNamed(answer: string, classes: readonly string[]): string | undefined {
  const places = classes.map((name): [string, number] => [name, lastPlace(answer, name)]);
  const [best] = places.filter(([, place]) => place >= 0).sort(([a, x], [b, y]) => y - x || b.length - a.length);
  return best?.[0];
}

function lastPlace(answer: string, name: string): number {
  const quoted = name.replace(/[.]/g, '\\.');
  const found = [...answer.matchAll(new RegExp(`(?<![\\w.-])${quoted}(?![\\w-])`, 'gi'))];
  return found.at(-1)?.index ?? -1;
}
