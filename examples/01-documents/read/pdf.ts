// The text of a PDF file, page by page.

import { extractText, getDocumentProxy, getMeta } from 'unpdf';
import { ReadFailure } from './failure.ts';

/** Returns text, pages and title. @throws ReadFailure `document_encrypted`, `document_broken`, `document_no_text` */
export async function readPdf(bytes: Uint8Array): Promise<{ text: string; title: string | undefined; pages: number }> {
  const pdf = await openPdf(bytes);
  try {
    const { totalPages, text } = await extractText(pdf, { mergePages: false });
    const whole = text
      .map((page) => page.trim())
      .join('\n\n')
      .trim();
    if (whole === '') {
      const pages = totalPages === 1 ? 'one page' : `${totalPages} pages`;
      throw new ReadFailure(
        'document_no_text',
        `has ${pages} but no text: it may be a scan. Send a version with text, made by character recognition.`,
      );
    }
    const { info } = await getMeta(pdf);
    const title = (info as { Title?: unknown }).Title;
    return {
      text: whole,
      title: typeof title === 'string' && title.trim() !== '' ? title.trim() : undefined,
      pages: totalPages,
    };
  } catch (error) {
    throw error instanceof ReadFailure ? error : broken(error as Error);
  } finally {
    await pdf.cleanup();
  }
}

async function openPdf(bytes: Uint8Array): ReturnType<typeof getDocumentProxy> {
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
