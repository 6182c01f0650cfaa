// The page behind a link, as a browser sees it.

export interface Shown {
  status: number;
  text: string;
  headers: globalThis.Headers;
}

export class LinkPage {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  get token(): string {
    return this.#url.split('/').at(-1)!;
  }

  /** The page at the same place with another token. */
  withToken(token: string): LinkPage {
    return new LinkPage(this.#url.replace(this.token, token));
  }

  async open(init: RequestInit = {}): Promise<Shown> {
    const answer = await fetch(this.#url, init);
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  }

  /** Sends the page's form. */
  send(fields: Record<string, string>): Promise<Shown> {
    return this.open({ method: 'POST', body: new URLSearchParams(fields) });
  }
}
