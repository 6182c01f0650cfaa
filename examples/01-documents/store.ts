// The statements on the table `documents`.

import { currentRunId, db } from 'holdfast';
import type { Analysis } from './types.ts';

/** Adds the analysis of the current run and returns the document's id. To be called in a transaction. */
export async function insertDocument(format: string, analysis: Omit<Analysis, 'documentId'>): Promise<string> {
  const { rows } = await db().raw<{ rows: { id: string }[] }>(
    `INSERT INTO documents (run_id, name, format, kind, title, language, fields, entities, keyphrases, summary, model, usage)
     VALUES (:runId, :name, :format, :kind, :title, :language, :fields, :entities, :keyphrases, :summary, :model, :usage)
     RETURNING id`,
    {
      ...analysis,
      runId: currentRunId()!,
      format,
      fields: JSON.stringify(analysis.fields),
      entities: JSON.stringify(analysis.entities),
      keyphrases: JSON.stringify(analysis.keyphrases),
      usage: JSON.stringify(analysis.usage),
    },
  );
  return rows[0]!.id;
}
