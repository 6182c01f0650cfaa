// The prose inside program text: doc strings and comments, which is all that a summary of a source file may quote.

/** The comments and doc strings of a source file, as paragraphs; licence banners and lint directives are left out. */
export function commentsOf(code: string): string {
  const paragraphs: string[] = [];
  const pattern = /("""|''')([\s\S]*?)\1|\/\*+([\s\S]*?)\*\/|((?:^[ \t]*(?:\/\/+|#+(?!!)|--)[^\n]*\n?)+)/gm;
  for (const match of code.matchAll(pattern)) {
    const raw = match[2] ?? match[3] ?? match[4] ?? '';
    const text = raw
      .split('\n')
      .map((line) => line.replace(/^[ \t]*(?:\/\/+[!/]?|#+|--|\*+)?\s?/, '').trimEnd())
      .map((line) =>
        /^[ \t]*@\w+|^(?:eslint|prettier|biome|oxlint|ts-|noqa|pylint|coding[:=])/.test(line) ? '' : line,
      )
      .join('\n')
      .trim();
    if (/\p{L}{3}/u.test(text) && !/copyright|all rights reserved|spdx-license/i.test(text)) paragraphs.push(text);
  }
  return paragraphs.join('\n\n');
}
