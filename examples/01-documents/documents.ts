// The service `Documents`: analyses documents step by step. Each step's result is recorded, so that a crash repeats nothing.

import { parallel, progress, start, step, stepContext, transaction, workflow } from 'holdfast';
import { documentTitle } from './fields/document-title.ts';
import { findings } from './fields/findings.ts';
import { headerBlock } from './fields/header-block.ts';
import { type Answered, classify, findMentions, summarise } from './models.ts';
import { readDocument } from './read/read-document.ts';
import { listDocuments, loadDocument } from './sources.ts';
import { insertDocument } from './store.ts';
import {
  type Analysis,
  type BatchEntry,
  BatchInput,
  type BatchResult,
  DocumentInput,
  type Entity,
  type Usage,
} from './types.ts';

/** What reading a document yields. */
interface Reading {
  text: string;
  format: string;
  title: string;
  header: Record<string, string>;
  warnings: string[];
}

interface Fields {
  fields: Record<string, string | string[]>;
  entities: Entity[];
  keyphrases: string[];
}

const MODEL_CALL = { retries: { attempts: 6, backoff: { initial: '500ms', max: '30s' } }, timeout: '3m' };

/** How many documents of a batch are under way at a time; the lane says how many of them run. */
const BATCH_WINDOW = 200;

export class Documents {
  @workflow({ lane: 'documents', input: DocumentInput })
  static async analyze(document: DocumentInput): Promise<Analysis> {
    const reading = await Documents.read(document);
    const [kind, mentions, summary] = await Promise.all([
      Documents.classify(reading.text),
      Documents.extractFields(reading),
      Documents.summarise(reading.text),
    ]);
    const found = {
      name: document.name,
      title: reading.title,
      ...kind.answer,
      ...mentions.answer,
      ...summary.answer,
      model: [...new Set([kind.model, mentions.model, summary.model])].join(', '),
      usage: total([kind.usage, mentions.usage, summary.usage]),
    };
    const documentId = await Documents.save(reading.format, found);
    return { documentId, ...found };
  }

  @workflow({ lane: 'batches', input: BatchInput })
  static async analyzeBatch(batch: BatchInput): Promise<BatchResult> {
    const documents = batch.documents ?? (await Documents.list(batch.directory!));
    const tally = { total: documents.length, succeeded: 0, failed: 0 };
    await progress({ ...tally, done: 0 });
    const entries = await parallel(
      documents,
      async (document) => {
        const entry = await Documents.analyzeOne(document);
        tally[entry.status] += 1;
        await progress({ ...tally, done: tally.succeeded + tally.failed, document: entry });
        return entry;
      },
      { limit: BATCH_WINDOW },
    );
    return { ...tally, documents: entries };
  }

  /** One document of a batch: its failure is an entry, not the end of the batch. */
  private static async analyzeOne(document: DocumentInput): Promise<BatchEntry> {
    const run = await start(Documents.analyze, document);
    try {
      const { documentId, kind, title } = await run.result();
      return { name: document.name, runId: run.id, status: 'succeeded', documentId, kind, title };
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      return { name: document.name, runId: run.id, status: 'failed', error: { code, message } };
    }
  }

  /** Fetching and reading have limits of their own. Waiting for a thread has none, or slow documents would make others fail. */
  @step({ retries: { attempts: 5 } })
  static async read(document: DocumentInput): Promise<Reading> {
    const { bytes, contentType } = await loadDocument(document);
    const { text, format, title, warnings } = await readDocument(
      { name: document.name, contentType, bytes },
      stepContext().signal,
    );
    const header = headerBlock(text);
    return { text, format, header, warnings, title: documentTitle({ text, title, name: document.name }, header) };
  }

  @step(MODEL_CALL)
  static async classify(text: string): Promise<Answered<{ kind: string; language: string }>> {
    return classify(text);
  }

  @step(MODEL_CALL)
  static async extractFields(reading: Reading): Promise<Answered<Fields>> {
    const mentions = await findMentions(reading.text);
    return { ...mentions, answer: { fields: { ...findings(reading.text), ...reading.header }, ...mentions.answer } };
  }

  @step(MODEL_CALL)
  static async summarise(text: string): Promise<Answered<{ summary: string }>> {
    return summarise(text);
  }

  @step()
  static async list(directory: string): Promise<DocumentInput[]> {
    return listDocuments(directory);
  }

  @transaction()
  static async save(format: string, analysis: Omit<Analysis, 'documentId'>): Promise<string> {
    return insertDocument(format, analysis);
  }
}

function total(usages: Usage[]): Usage {
  return usages.reduce((sum, usage) => ({
    inputTokens: sum.inputTokens + usage.inputTokens,
    outputTokens: sum.outputTokens + usage.outputTokens,
  }));
}
