// The tags and texts of an HTML page in their order, with those that it leaves open closed where HTML closes them. The tokenizer is
// the library's; its parser looks through all open tags at each tag, which on a page made for it takes for ever.

import { Tokenizer, type TokenizerCallbacks } from 'htmlparser2';
import { IMPLIED_ENDS, INTEGRATION_POINTS, VOID } from './html-names.ts';

/** Hears of the parts of a page. Names are in lower case. */
export interface PageParts {
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  text(text: string): void;
  close(name: string): void;
}

/** Goes through `html` once, in a time that grows with its length alone. */
export function walkHtml(html: string, page: PageParts): void {
  const tokenizer = new Tokenizer({ decodeEntities: true }, new Tags(html, page));
  tokenizer.write(html);
  tokenizer.end();
}

class Tags implements TokenizerCallbacks {
  readonly #html: string;
  readonly #page: PageParts;
  readonly #open = new OpenTags();
  /** The tag whose attributes are being read; empty when it is passed over. */
  #name = '';
  #attributes: Record<string, string> = {};
  #attribute = '';
  #value: string[] = [];

  constructor(html: string, page: PageParts) {
    this.#html = html;
    this.#page = page;
  }

  isInForeignContext(): boolean {
    return this.#open.isForeign;
  }

  ontext(start: number, end: number): void {
    this.#page.text(this.#html.slice(start, end));
  }

  ontextentity(codePoint: number): void {
    this.#page.text(String.fromCodePoint(codePoint));
  }

  oncdata(start: number, end: number, offset: number): void {
    if (this.#open.isForeign) this.#page.text(this.#html.slice(start, end - offset));
  }

  onopentagname(start: number, end: number): void {
    this.#begin(this.#nameAt(start, end));
  }

  onattribname(start: number, end: number): void {
    this.#attribute = this.#html.slice(start, end).toLowerCase();
  }

  onattribdata(start: number, end: number): void {
    this.#value.push(this.#html.slice(start, end));
  }

  onattribentity(codePoint: number): void {
    this.#value.push(String.fromCodePoint(codePoint));
  }

  onattribend(): void {
    if (!Object.hasOwn(this.#attributes, this.#attribute)) this.#attributes[this.#attribute] = this.#value.join('');
    this.#value = [];
  }

  onopentagend(): void {
    this.#finish();
  }

  /** Outside of drawings and formulas the slash means nothing. */
  onselfclosingtag(): void {
    const name = this.#name;
    this.#finish();
    if (this.#open.isForeign && this.#open.last === name) this.#closeLast();
  }

  onclosetag(start: number, end: number): void {
    const name = this.#nameAt(start, end);
    if (name === 'br' || (name === 'p' && !this.#open.has('p'))) {
      this.#begin(name);
      this.#finish();
    }
    if (VOID.has(name) || !this.#open.has(name)) return;
    while (this.#open.last !== name) this.#closeLast();
    this.#closeLast();
  }

  onend(): void {
    while (this.#open.last !== undefined) this.#closeLast();
  }

  oncomment(): void {}

  ondeclaration(): void {}

  onprocessinginstruction(): void {}

  #nameAt(start: number, end: number): string {
    const name = this.#html.slice(start, end).toLowerCase();
    return name === 'image' && !this.#open.isForeign ? 'img' : name;
  }

  #begin(name: string): void {
    this.#attributes = {};
    this.#name = name === 'form' && this.#open.has('form') ? '' : name;
    if (this.#name === '') return;
    const ends = IMPLIED_ENDS.get(name);
    while (ends && this.#open.last !== undefined && ends.has(this.#open.last)) this.#closeLast();
    if (!VOID.has(name)) this.#open.push(name);
  }

  #finish(): void {
    if (this.#name === '') return;
    this.#page.open(this.#name, this.#attributes);
    if (VOID.has(this.#name)) this.#page.close(this.#name);
    this.#name = '';
  }

  #closeLast(): void {
    this.#page.close(this.#open.pop()!);
  }
}

/** The tags that are open at a place of the page. Each question about them takes the same time however many they are. */
class OpenTags {
  readonly #names: string[] = [];
  readonly #counts = new Map<string, number>();
  /** Whether the innermost drawing, formula, or piece of HTML inside of one, is not HTML. */
  readonly #foreign: boolean[] = [];

  get last(): string | undefined {
    return this.#names.at(-1);
  }

  get isForeign(): boolean {
    return this.#foreign.at(-1) ?? false;
  }

  has(name: string): boolean {
    return (this.#counts.get(name) ?? 0) > 0;
  }

  push(name: string): void {
    this.#names.push(name);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    if (changesLanguage(name)) this.#foreign.push(!INTEGRATION_POINTS.has(name));
  }

  pop(): string | undefined {
    const name = this.#names.pop();
    if (name === undefined) return undefined;
    this.#counts.set(name, this.#counts.get(name)! - 1);
    if (changesLanguage(name)) this.#foreign.pop();
    return name;
  }
}

function changesLanguage(name: string): boolean {
  return name === 'svg' || name === 'math' || INTEGRATION_POINTS.has(name);
}
