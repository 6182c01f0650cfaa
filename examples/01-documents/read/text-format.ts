// Which kind of text a document is: by what it looks like, with its name and its declared type as hints.

export type Format = 'text' | 'markdown' | 'rst' | 'html' | 'pdf' | 'docx';

export interface Hints {
  name: string;
  contentType?: string | undefined;
}

const HEAD_CHARACTERS = 4096;
const MARKUP_CHARACTERS = 20_000;
const HTML_START = /^<(?:!doctype html|html|head|body)\b/i;
const HTML_BLOCK = /^<(?:p|div|h[1-6]|ul|ol|table|section|article|main|header|span|meta|link|title|style)\b[^>]*>/i;
const MARKDOWN = /^#{1,6} \S|^```|\]\(https?:/m;
const RST_START = /^\.\. [\w-]+::|^:[A-Z][\w ]{0,60}: |^.{1,300}\n([=~^"'-])\1{3,}\n/m;
const RST_MARKUP = /``|:\w+:`|^\.\. /m;
/** What readmes and notes are called; other endings are those of programs and data, in which `#` begins a comment. */
const PROSE_EXTENSIONS = new Set(['', 'txt', 'text']);

/** What names and media types say, if anything. */
const HINTED: [hint: RegExp, format: Format][] = [
  [/^(?:html?|xhtml|text\/html|application\/xhtml\+xml)$/, 'html'],
  [/^(?:rst|rest|text\/x-rst)$/, 'rst'],
  [/^(?:md|mdx|markdown|text\/markdown)$/, 'markdown'],
];

/** Returns which kind of text it is. A page is one whatever it is called; what is called a page must have tags. */
export function detectTextFormat(text: string, { name, contentType }: Hints): Format {
  const start = withoutProlog(text.slice(0, HEAD_CHARACTERS));
  if (HTML_START.test(start)) return 'html';
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  const declared = contentType?.split(';')[0]!.trim().toLowerCase() ?? '';
  const hinted = [declared, extension].flatMap((hint) => HINTED.filter(([pattern]) => pattern.test(hint)))[0]?.[1];
  if (hinted && (hinted !== 'html' || /<\/?[a-z][^>]*>/i.test(start))) return hinted;
  return PROSE_EXTENSIONS.has(extension) ? markupOf(text.slice(0, MARKUP_CHARACTERS), start) : 'text';
}

function markupOf(text: string, start: string): Format {
  if (RST_START.test(text.slice(0, HEAD_CHARACTERS)) && RST_MARKUP.test(text)) return 'rst';
  if (MARKDOWN.test(text)) return 'markdown';
  return isHtmlFragment(start) ? 'html' : 'text';
}

/** Takes the XML declaration and comments off, one after the other: a pattern for all of them can be made to take for ever. */
function withoutProlog(text: string): string {
  let rest = text.replace(/^\uFEFF/, '').trimStart();
  for (;;) {
    const end = rest.startsWith('<?xml') ? '?>' : rest.startsWith('<!--') ? '-->' : undefined;
    const at = end === undefined ? -1 : rest.indexOf(end);
    if (at < 0) return rest;
    rest = rest.slice(at + end!.length).trimStart();
  }
}

/** A piece of a page, as it is copied out of one: it begins with a tag of a block, and closes several tags. */
function isHtmlFragment(start: string): boolean {
  return HTML_BLOCK.test(start) && (start.match(/<\/[a-z][a-z0-9]*>/gi)?.length ?? 0) >= 2;
}
