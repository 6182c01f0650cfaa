// Where a document's bytes come from: the request, an address, or a file below the document directory.

import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, relative, resolve, sep } from 'node:path';
import { InvalidInput, RetryableError, stepContext, TerminalError } from 'holdfast';
import { fetchDocument } from './fetch/fetch-document.ts';
import { readSettings } from './settings.ts';
import type { DocumentInput } from './types.ts';

const LARGEST_BYTES = 20 * 1024 * 1024;
const MOST_FILES = 10_000;
const EXTENSIONS = new Set(['.txt', '.md', '.markdown', '.rst', '.html', '.htm', '.pdf', '.docx', '.eml', '.text', '']);

/**
 * Returns the bytes of the document that `input` describes.
 * @throws TerminalError `document_too_large`, `file_not_found`, `not_a_file`, `file_unreadable`, `url_…`; RetryableError
 * `file_unreadable` when it may be read later, `url_…`
 */
export async function loadDocument(
  input: DocumentInput,
): Promise<{ bytes: Uint8Array; contentType: string | undefined }> {
  if (input.text !== undefined) return { bytes: new TextEncoder().encode(input.text), contentType: input.contentType };
  if (input.base64 !== undefined) return { bytes: Buffer.from(input.base64, 'base64'), contentType: input.contentType };
  if (input.url !== undefined) {
    const { allowPrivateUrls: allowPrivate } = readSettings();
    const { bytes, contentType } = await fetchDocument(input.url, { allowPrivate, signal: stepContext().signal });
    return { bytes, contentType: input.contentType ?? contentType };
  }
  return { bytes: await readBelow(input.file!), contentType: input.contentType };
}

/**
 * Returns the documents in `directory` and below, by name; hidden files and unknown kinds of file are passed over.
 * @throws TerminalError `file_not_found`, `not_a_directory`; InvalidInput `directory_empty`, `directory_too_large`
 */
export async function listDocuments(directory: string): Promise<DocumentInput[]> {
  const root = await rootDirectory(directory);
  const start = await inside(root, directory);
  if (!(await stat(start)).isDirectory())
    throw new TerminalError('not_a_directory', `'${directory}' is not a directory: send it as the file of a document.`);
  const entries = await readdir(start, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => isVisible(file) && EXTENSIONS.has(extname(file).toLowerCase()))
    .sort();
  if (files.length === 0)
    throw new InvalidInput(
      'directory_empty',
      `There are no documents in '${directory}': it takes ${[...EXTENSIONS].filter(Boolean).join(', ')}.`,
    );
  if (files.length > MOST_FILES)
    throw new InvalidInput(
      'directory_too_large',
      `'${directory}' has ${files.length} documents; a batch takes ${MOST_FILES}.`,
    );
  return files.map((file) => ({ name: basename(file), file }));
}

async function readBelow(file: string): Promise<Uint8Array> {
  const path = await inside(await rootDirectory(file), file);
  try {
    const found = await stat(path);
    // Also a pipe is none: nobody may ever write to it.
    if (!found.isFile())
      throw new TerminalError(
        'not_a_file',
        `'${file}' is ${found.isDirectory() ? 'a directory' : 'something else'}, not a file: name one file below the document directory.`,
      );
    if (found.size > LARGEST_BYTES)
      throw new TerminalError('document_too_large', `'${file}' has ${found.size} bytes; 20 MB are the limit.`);
    return await readFile(path);
  } catch (error) {
    throw error instanceof TerminalError ? error : unreadable(file, error as NodeJS.ErrnoException);
  }
}

/** The system's own message names the path on the server, which is nobody's business. */
function unreadable(file: string, { code }: NodeJS.ErrnoException): Error {
  if (code === 'ENOENT') return notFound(file);
  const message = `'${file}' cannot be read (${code}).`;
  if (code === 'EACCES' || code === 'EPERM')
    return new TerminalError('file_unreadable', `${message} Let the service's user read it.`);
  return new RetryableError('file_unreadable', message);
}

/** Returns the document directory. @throws TerminalError `file_not_found` for `path` when there is none */
async function rootDirectory(path: string): Promise<string> {
  return realpath(readSettings().directory).catch(() => {
    throw notFound(path);
  });
}

/** Returns the real path of `path`, which must lie below `root`, also after symbolic links, and must not be hidden. */
async function inside(root: string, path: string): Promise<string> {
  const real = await realpath(resolve(root, path)).catch(() => undefined);
  if (real !== undefined && (real === root || (real.startsWith(root + sep) && isVisible(relative(root, real)))))
    return real;
  throw notFound(path);
}

function notFound(path: string): TerminalError {
  return new TerminalError(
    'file_not_found',
    `There is no '${path}' below the document directory (HOLDFAST_DOCUMENTS_DIR).`,
  );
}

function isVisible(path: string): boolean {
  return path.split(sep).every((part) => !part.startsWith('.') && part !== 'node_modules');
}
