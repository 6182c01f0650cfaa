// The readable text of an HTML page: headings, paragraphs, lists and tables; no scripts, no navigation.

import { Parser } from 'htmlparser2';

const SKIPPED = new Set([
  'script',
  'style',
  'noscript',
  'template',
  'svg',
  'nav',
  'iframe',
  'object',
  'select',
  'button',
  'form',
]);
const BLOCKS = new Set(
  'address article aside blockquote body dd div dl dt fieldset figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li main ol p pre section table tbody td th tr ul'.split(
    ' ',
  ),
);

/** Returns the text and the title of the page. It works through the page once, so nesting costs nothing. */
export function readHtml(html: string): { text: string; title: string | undefined } {
  const page = new PageText();
  const parser = new Parser(
    {
      onopentag: (name, attributes) => page.open(name, attributes),
      ontext: (text) => page.text(text),
      onclosetag: (name) => page.close(name),
    },
    { decodeEntities: true },
  );
  parser.write(html);
  parser.end();
  return page.result();
}

/** Gathers a page's text while its tags go by. */
class PageText {
  readonly #lines: string[] = [];
  #line = '';
  #skipping = 0;
  #preformatted = 0;
  #inTitle = false;
  #title = '';
  #pageTitle: string | undefined;
  #heading: string | undefined;
  #inHeading = false;

  open(name: string, attributes: Record<string, string>): void {
    if (SKIPPED.has(name)) this.#skipping += 1;
    if (name === 'title') this.#inTitle = true;
    if (name === 'pre') this.#preformatted += 1;
    if (name === 'meta' && attributes.property === 'og:title') this.#pageTitle = attributes.content;
    if (BLOCKS.has(name)) this.#break();
    if (name === 'br') this.#break();
    if (name === 'li') this.#line = '- ';
    if (/^h[1-6]$/.test(name)) {
      this.#line = `${'#'.repeat(Number(name[1]))} `;
      this.#inHeading = this.#heading === undefined;
    }
  }

  text(text: string): void {
    if (this.#inTitle) this.#title += text;
    else if (this.#skipping > 0) return;
    else if (this.#preformatted > 0) this.#preformattedText(text);
    else {
      const squeezed = text.replaceAll(/\s+/g, ' ');
      this.#line += /(^|\s)$/.test(this.#line) ? squeezed.trimStart() : squeezed;
      if (this.#inHeading) this.#heading = (this.#heading ?? '') + squeezed;
    }
  }

  close(name: string): void {
    if (SKIPPED.has(name)) this.#skipping = Math.max(0, this.#skipping - 1);
    if (name === 'title') this.#inTitle = false;
    if (name === 'pre') this.#preformatted = Math.max(0, this.#preformatted - 1);
    if (/^h[1-6]$/.test(name)) this.#inHeading = false;
    if (name === 'td' || name === 'th') this.#line += '  ';
    else if (BLOCKS.has(name)) this.#break(name === 'p' || /^h[1-6]$/.test(name));
  }

  result(): { text: string; title: string | undefined } {
    this.#break();
    const text = this.#lines
      .join('\n')
      .replaceAll(/\n{3,}/g, '\n\n')
      .trim();
    const title = [this.#pageTitle, this.#title, this.#heading]
      .map((candidate) => candidate?.replaceAll(/\s+/g, ' ').trim())
      .find(Boolean);
    return { text, title };
  }

  #preformattedText(text: string): void {
    const [first, ...others] = text.split('\n');
    this.#line += first;
    for (const line of others) {
      this.#lines.push(this.#line);
      this.#line = line;
    }
  }

  #break(paragraph = false): void {
    const line = this.#line.trimEnd();
    this.#line = '';
    if (line !== '' && !/^(#+|-)$/.test(line.trim())) this.#lines.push(line);
    if (paragraph && this.#lines.at(-1) !== '') this.#lines.push('');
  }
}
