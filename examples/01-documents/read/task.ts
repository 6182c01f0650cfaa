// What the reading threads are given, and what they give back.

import type { Format } from './text-format.ts';

export interface ReadTask {
  name: string;
  contentType?: string | undefined;
  bytes: Uint8Array;
}

export interface RawDocument {
  format: Format;
  /** With `\n` line ends, and fit for Postgres. */
  text: string;
  /** The title in the document's metadata. */
  title?: string | undefined;
  encoding?: string | undefined;
  pages?: number | undefined;
  /** Where the links of an HTML page lead to, which its text does not show. */
  links?: string[] | undefined;
  warnings: string[];
}
