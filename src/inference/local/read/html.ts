// HTML to plain text with Markdown-like headings and list marks, so that one reader serves every format.

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  ndash: '–',
  mdash: '—',
  hellip: '…',
  copy: '©',
  reg: '®',
  trade: '™',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  bull: '•',
  middot: '·',
  laquo: '«',
  raquo: '»',
  euro: '€',
  pound: '£',
  yen: '¥',
  cent: '¢',
  deg: '°',
  times: '×',
  auml: 'ä',
  ouml: 'ö',
  uuml: 'ü',
  Auml: 'Ä',
  Ouml: 'Ö',
  Uuml: 'Ü',
  szlig: 'ß',
  eacute: 'é',
  egrave: 'è',
  agrave: 'à',
  ccedil: 'ç',
  ntilde: 'ñ',
};

/** Replaces the named and numeric character references of HTML that are common in documents. */
export function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (whole, decimal, hex, name) => {
    if (name) return entities[name] ?? entities[String(name).toLowerCase()] ?? whole;
    const code = decimal ? Number.parseInt(decimal, 10) : Number.parseInt(hex, 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The text without HTML comments; one that is never closed stays. */
export function withoutComments(text: string): string {
  const kept: string[] = [];
  let at = 0;
  for (;;) {
    const start = text.indexOf('<!--', at);
    const end = start < 0 ? -1 : text.indexOf('-->', start + 4);
    if (end < 0) break;
    kept.push(text.slice(at, start));
    at = end + 3;
  }
  return kept.join('') + text.slice(at);
}

/** Whether the text is an HTML page or fragment, not prose or Markdown with a few tags in it. */
export function looksLikeHtml(text: string): boolean {
  const head = text.slice(0, 2000);
  if (/^[ \t]*(?:<\?xml[^>]{0,2000}>\s*)?<(?:!doctype\s+html|html|head|body)\b/i.test(head)) return true;
  if (/^(?:#{1,4} \S|`{3})/m.test(text.slice(0, 20_000))) return false;
  const tags = text
    .slice(0, 20_000)
    .match(/<\/?(?:p|div|span|li|ul|ol|h[1-6]|table|tr|td|section|article|a|br|nav)\b[^>]{0,2000}>/gi);
  return (
    tags !== null &&
    tags.length >= 12 &&
    tags.join('').length > 0.12 * Math.min(text.length, 20_000) &&
    /^[ \t]*</.test(text)
  );
}

/** The title element's text, or undefined. */
export function htmlTitle(html: string): string | undefined {
  const title = /<title[^>]{0,2000}>([^<]{1,300})<\/title>/i.exec(html)?.[1];
  return title === undefined ? undefined : decodeEntities(title).replace(/\s+/g, ' ').trim() || undefined;
}

/**
 * The readable text of a page: scripts, styles, navigation and footers go, headings become `#` lines, items become `-`
 * lines.
 */
export function htmlToText(html: string): string {
  const visible = withoutComments(html)
    .replace(/<(script|style|noscript|template|svg|head|nav|footer|form|button|select)\b[\s\S]*?<\/\1\s*>/gi, ' ')
    .replace(
      /<pre\b[^>]{0,2000}>([\s\S]*?)<\/pre\s*>/gi,
      (_whole, code: string) => `\n\n\`\`\`\n${code.replace(/<[^>]{0,2000}>/g, '')}\n\`\`\`\n\n`,
    );
  const marked = visible
    .replace(
      /<h([1-6])\b[^>]{0,2000}>([\s\S]*?)<\/h\1\s*>/gi,
      (_whole, level: string, text: string) =>
        `\n\n${'#'.repeat(Number(level))} ${text
          .replace(/<[^>]{0,2000}>/g, ' ')
          .replace(/\s+/g, ' ')
          .trim()}\n\n`,
    )
    .replace(/<li\b[^>]{0,2000}>\s*/gi, '\n- ')
    .replace(/<\/(td|th)\s*>/gi, ' | ')
    .replace(
      /<a\b[^>]{0,2000}href="(https?:[^"]+)"[^>]{0,2000}>([\s\S]*?)<\/a\s*>/gi,
      (_whole, url: string, text: string) => `[${text.replace(/\s+/g, ' ')}](${url})`,
    )
    .replace(/<(br|\/tr|\/li|\/dt|\/dd)\b[^>]{0,2000}>/gi, '\n')
    .replace(
      /<\/?(p|div|section|article|main|header|aside|table|ul|ol|dl|blockquote|figure|hr)\b[^>]{0,2000}>/gi,
      '\n\n',
    )
    .replace(/<[a-z/!?][^>]{0,2000}>/gi, ' ');
  return decodeEntities(marked)
    .replace(/[ \t]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
