// The text of a PDF file, page by page.

import { getDocumentProxy, getMeta } from 'unpdf';
import { ReadFailure } from './failure.ts';
import { LONGEST_TEXT } from './limits.ts';

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;

/** What programs write for a title when nobody gave one. */
const NO_TITLE =
  /^(?:untitled.*|.*unbenannt.*|microsoft (?:word|powerpoint|excel) - .*|document\d*|.*\.(?:docx?|odt|rtf|tex|dvi|indd|qxd|pptx?|xlsx?|pdf))$/i;

/** Returns text, pages and title. @throws ReadFailure `document_encrypted`, `document_broken`, `document_no_text` */
export async function readPdf(bytes: Uint8Array): Promise<{ text: string; title: string | undefined; pages: number }> {
  const pdf = await openPdf(bytes);
  try {
    const text = await textOf(pdf);
    if (text === '') {
      const pages = pdf.numPages === 1 ? 'one page' : `${pdf.numPages} pages`;
      throw new ReadFailure(
        'document_no_text',
        `has ${pages} but no text: it may be a scan. Send a version with text, made by character recognition.`,
      );
    }
    return { text, title: await metadataTitle(pdf), pages: pdf.numPages };
  } catch (error) {
    throw error instanceof ReadFailure ? error : broken(error as Error);
  } finally {
    await pdf.loadingTask.destroy();
  }
}

/** One page at a time, and no further than text is kept: a page is freed before the next is read. */
async function textOf(pdf: Pdf): Promise<string> {
  const pages: string[] = [];
  let length = 0;
  for (let number = 1; number <= pdf.numPages && length <= LONGEST_TEXT; number += 1) {
    const page = await pdf.getPage(number);
    const { items } = await page.getTextContent();
    const lines = items.map((item) => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : ''));
    page.cleanup();
    const text = lines.join('').trim();
    if (text !== '') pages.push(text);
    length += text.length;
  }
  return pages.join('\n\n');
}

async function metadataTitle(pdf: Pdf): Promise<string | undefined> {
  const { info } = await getMeta(pdf);
  const title = (info as { Title?: unknown }).Title;
  const given = typeof title === 'string' ? title.trim() : '';
  return given === '' || NO_TITLE.test(given) ? undefined : given;
}

async function openPdf(bytes: Uint8Array): Promise<Pdf> {
  try {
    // The library takes the array over; the caller may still need it.
    return await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 });
  } catch (error) {
    if ((error as Error).name === 'PasswordException') {
      throw new ReadFailure(
        'document_encrypted',
        'is a PDF file that asks for a password: send a version without one.',
      );
    }
    throw broken(error as Error);
  }
}

function broken(error: Error): ReadFailure {
  return new ReadFailure(
    'document_broken',
    `is a damaged PDF file (${error.message}): save it again and send the whole file.`,
  );
}
