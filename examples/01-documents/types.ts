// What goes into an analysis, and what comes out of it.

import { z } from 'zod';

/** The kinds of document that are told apart. */
export const KINDS = [
  'specification',
  'proposal',
  'licence',
  'readme',
  'manual',
  'report',
  'article',
  'letter',
  'email',
  'invoice',
  'contract',
  'minutes',
  'changelog',
  'source code',
  'data',
  'log',
  'form',
  'other',
] as const;

const LARGEST_BASE64 = 28_000_000;

/** A document: its text, its bytes, where it can be fetched, or a file below the service's document directory. */
export const DocumentInput = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(500)
      .regex(/^[^\p{Cc}\p{Cs}]+$/u, 'holds control characters'),
    contentType: z.string().max(200).optional(),
    text: z.string().optional(),
    base64: z.base64().max(LARGEST_BASE64, 'is larger than 20 MB').optional(),
    url: z.string().max(2000).optional(),
    file: z.string().max(1000).optional(),
  })
  .refine(
    (input) => [input.text, input.base64, input.url, input.file].filter((source) => source !== undefined).length === 1,
    {
      message: "exactly one of 'text', 'base64', 'url' and 'file' must be given",
    },
  )
  .meta({ id: 'DocumentInput' });

export const BatchInput = z
  .strictObject({
    documents: z.array(DocumentInput).min(1).max(10_000).optional(),
    directory: z.string().max(1000).optional(),
  })
  .refine((input) => (input.documents === undefined) !== (input.directory === undefined), {
    message: "exactly one of 'documents' and 'directory' must be given",
  })
  .meta({ id: 'BatchInput' });

export type DocumentInput = z.output<typeof DocumentInput>;
export type BatchInput = z.output<typeof BatchInput>;

/** Tokens of the model calls of one analysis. */
export interface Usage {
  inputTokens: number;
  outputTokens: number;
}

/** Something with a name that the document mentions. */
export interface Entity {
  text: string;
  type: string;
}

export interface Analysis {
  documentId: string;
  name: string;
  kind: string;
  title: string;
  /** ISO 639-1, or `und` where it cannot be told. */
  language: string;
  /** The document's own header block, and the dates, amounts, e-mail addresses and links in it. */
  fields: Record<string, string | string[]>;
  entities: Entity[];
  keyphrases: string[];
  summary: string;
  model: string;
  usage: Usage;
}

/** What became of one document of a batch. */
export interface BatchEntry {
  name: string;
  runId: string;
  status: 'succeeded' | 'failed';
  documentId?: string;
  kind?: string;
  title?: string;
  error?: { code: string; message: string };
}

export interface BatchResult {
  total: number;
  succeeded: number;
  failed: number;
  documents: BatchEntry[];
}
