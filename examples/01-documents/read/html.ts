// The readable text of an HTML page: headings, paragraphs, lists and tables; no scripts, no navigation.

import { type PageParts, walkHtml } from './html-tags.ts';

const SKIPPED = new Set(
  'script style noscript template svg math nav iframe object audio video canvas map select button textarea'.split(' '),
);
const BLOCKS = new Set(
  'address article aside blockquote body caption dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main ol p pre section table tbody tfoot thead tr ul'.split(
    ' ',
  ),
);
/** Blocks behind which a line stays empty. */
const PARAGRAPHS = new Set('blockquote dl figure h1 h2 h3 h4 h5 h6 ol p pre table ul'.split(' '));
const HEADING = /^h[1-6]$/;
const MOST_LINKS = 50;
const LONGEST_LINK = 500;

export interface HtmlPage {
  text: string;
  title: string | undefined;
  /** Where the page's links to other sites lead to, each once. */
  links: string[];
}

/** Returns what the page says. It is gone through once, so that nesting needs no stack of ours. */
export function readHtml(html: string): HtmlPage {
  const page = new PageText();
  walkHtml(html, page);
  return page.result();
}

/** Gathers a page's text while its tags go by. */
class PageText implements PageParts {
  readonly #lines: string[] = [];
  /** The pieces of the line; to join them at each tag would take for ever on a page that is one line. */
  #pieces: string[] = [];
  /** What marks the line as a heading or an item of a list, whatever block begins inside it. */
  #mark = '';
  #endsBlank = true;
  #skipping = 0;
  #preformatted = 0;
  #inTitle = false;
  #inHeading = false;
  readonly #title: string[] = [];
  readonly #heading: string[] = [];
  #pageTitle: string | undefined;
  readonly #links = new Set<string>();

  open(name: string, attributes: Record<string, string>): void {
    if (SKIPPED.has(name)) this.#skipping += 1;
    if (this.#skipping > 0) return;
    if (name === 'title') this.#inTitle = this.#title.length === 0;
    if (name === 'meta' && attributes.property === 'og:title') this.#pageTitle ??= attributes.content;
    if (name === 'a') this.#link(attributes.href);
    if (BLOCKS.has(name) || name === 'br') this.#break(false);
    if (name === 'pre') this.#preformatted += 1;
    if (name === 'li') this.#mark = '- ';
    if (!HEADING.test(name)) return;
    this.#mark = `${'#'.repeat(Number(name[1]))} `;
    this.#inHeading = this.#heading.length === 0;
  }

  text(text: string): void {
    if (this.#inTitle) this.#title.push(text);
    else if (this.#skipping > 0) return;
    else if (this.#preformatted > 0) this.#preformattedText(text);
    else {
      const squeezed = text.replaceAll(/\s+/g, ' ');
      this.#add(this.#endsBlank ? squeezed.trimStart() : squeezed);
      if (this.#inHeading) this.#heading.push(squeezed);
    }
  }

  close(name: string): void {
    if (SKIPPED.has(name)) this.#skipping = Math.max(0, this.#skipping - 1);
    if (this.#skipping > 0) return;
    if (name === 'title') this.#inTitle = false;
    if (name === 'td' || name === 'th') this.#add('  ');
    if (HEADING.test(name)) this.#inHeading = false;
    if (BLOCKS.has(name)) this.#break(PARAGRAPHS.has(name));
    if (name === 'pre') this.#preformatted = Math.max(0, this.#preformatted - 1);
    if (name === 'li' || HEADING.test(name)) this.#mark = '';
  }

  result(): HtmlPage {
    this.#break(false);
    const text = this.#lines
      .join('\n')
      .replaceAll(/\n{3,}/g, '\n\n')
      .trim();
    const title = [this.#pageTitle, this.#title.join(''), this.#heading.join('')]
      .map((candidate) => candidate?.replaceAll(/\s+/g, ' ').trim())
      .find(Boolean);
    return { text, title, links: [...this.#links] };
  }

  #link(href: string | undefined): void {
    const address = href?.trim() ?? '';
    const isAbsolute = /^https?:\/\/[^\s<>"]+$/i.test(address) && address.length <= LONGEST_LINK;
    if (isAbsolute && this.#links.size < MOST_LINKS) this.#links.add(address);
  }

  #add(piece: string): void {
    if (piece === '' || (this.#pieces.length === 0 && piece.trim() === '')) return;
    this.#pieces.push(piece);
    this.#endsBlank = /\s$/.test(piece.slice(-1));
  }

  #preformattedText(text: string): void {
    const [first, ...others] = text.split('\n');
    if (first !== '') this.#pieces.push(first!);
    for (const line of others) {
      this.#endLine();
      if (line !== '') this.#pieces.push(line);
    }
  }

  #break(isParagraph: boolean): void {
    if (this.#pieces.length > 0) this.#endLine();
    if (isParagraph && this.#lines.at(-1) !== '') this.#lines.push('');
  }

  /** A mark waits for the first line that has text. */
  #endLine(): void {
    const line = this.#pieces.join('').trimEnd();
    this.#lines.push(line === '' ? '' : this.#mark + line);
    if (line !== '') this.#mark = '';
    this.#pieces = [];
    this.#endsBlank = true;
  }
}
