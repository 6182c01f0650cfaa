// The world around the documents example, outside of the processes that are killed: it serves documents and answers for the model,
// and counts both, so that a body that runs a second time cannot hide it.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  type ChatRequest,
  type ChildService,
  type CrashPoint,
  startChild,
  startModelServer,
} from '../../../src/testing.ts';
import { freshDatabase, type TestDatabase } from '../../support/database.ts';

/** The steps of `Documents.analyze` that can be counted from outside; `save` is counted by the database. */
export const COUNTED = ['read', 'classify', 'extractFields', 'summarise'] as const;

export interface DocumentsWorld {
  database: TestDatabase;
  /** How often each body ran so far, by `<document> <step>`. */
  counts: Map<string, number>;
  /** Called at each body that runs. */
  onBody: () => void;
  /** How often the body of `save` ran, whether or not its transaction was committed. */
  saves(): Promise<number>;
  /** What is recorded now, as keys of `counts`; also `<document> save`. */
  recorded(): Promise<Set<string>>;
  /** A document that a process reads from this world. */
  document(name: string): { name: string; url: string };
  start(crashAt?: CrashPoint): Promise<ChildService>;
  close(): Promise<void>;
}

const APP = fileURLToPath(new URL('../../../dist/examples/01-documents/app.js', import.meta.url));

/** What each question is recognised by, and a valid answer to it. */
const QUESTIONS = {
  classify: { words: 'Classify the document', answer: { kind: 'report', language: 'en' } },
  extractFields: { words: 'List the named entities', answer: { entities: [], keyphrases: ['counting'] } },
  summarise: { words: 'Summarise the document', answer: { summary: 'It counts.' } },
};

/** Opens the world; the model takes `answerMs` for an answer. */
export async function openDocumentsWorld({ answerMs }: { answerMs: number }): Promise<DocumentsWorld> {
  const database = await freshDatabase('crash');
  const counts = new Map<string, number>();
  const children: ChildService[] = [];
  const count = (key: string): void => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
    world.onBody();
  };
  const library = createServer((request, response) => {
    const name = request.url!.slice(1);
    count(`${name} read`);
    response
      .setHeader('Content-Type', 'text/plain')
      .end(`The report called ${name}.\n\nIt is about counting what happens once.`);
  });
  await new Promise<void>((resolve) => library.listen(0, '127.0.0.1', resolve));
  const model = await startModelServer((request) => {
    const { document, question, answer } = recognise(request);
    count(`${document} ${question}`);
    return { json: answer, delayMs: answerMs };
  });
  const world: DocumentsWorld = {
    database,
    counts,
    onBody: () => {},
    saves: async () =>
      (await database.query('SELECT CASE WHEN is_called THEN last_value ELSE 0 END::int AS n FROM saves'))[0].n,
    recorded: () => recordedIn(database),
    document: (name) => ({ name, url: `http://127.0.0.1:${(library.address() as AddressInfo).port}/${name}` }),
    start: async (crashAt) => {
      const child = await startChild({ app: APP, databaseUrl: database.url, crashAt, env: environment(model.url) });
      children.push(child);
      return child;
    },
    close: async () => {
      for (const child of children) await child.kill();
      await model.close();
      library.closeAllConnections();
      library.close();
      await database.drop();
    },
  };
  await (await world.start()).kill('SIGTERM');
  await database.query(COUNT_SAVES);
  return world;
}

/** A sequence is not rolled back: it counts attempts, too. */
const COUNT_SAVES = `
  CREATE SEQUENCE saves;
  CREATE FUNCTION count_save() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('saves'); RETURN NEW; END $$;
  CREATE TRIGGER count_save BEFORE INSERT ON documents FOR EACH ROW EXECUTE FUNCTION count_save()`;

function environment(modelUrl: string): NodeJS.ProcessEnv {
  return {
    OPENAI_BASE_URL: modelUrl,
    OPENAI_MODEL: 'stub',
    HOLDFAST_DOCUMENTS_ALLOW_PRIVATE_URLS: '1',
    HOLDFAST_GRACE_SECONDS: '5',
  };
}

function recognise(request: ChatRequest): { document: string; question: string; answer: unknown } {
  const text = JSON.stringify(request.messages);
  const document = /The report called (\w+)\./.exec(text)?.[1];
  const found = Object.entries(QUESTIONS).find(([, { words }]) => text.includes(words));
  if (document === undefined || !found) throw new Error(`The model was asked something unknown: ${text}`);
  return { document, question: found[0], answer: found[1].answer };
}

/** A transaction counts as recorded once it is committed, even if the engine has not noted its result yet. */
async function recordedIn(database: TestDatabase): Promise<Set<string>> {
  const rows = await database.query<{ key: string }>(
    `SELECT r.input ->> 'name' || ' ' || split_part(s.name, '.', 2) AS key
       FROM holdfast.steps s JOIN holdfast.runs r ON r.id = s.run_id
      WHERE r.workflow = 'Documents.analyze' AND s.name LIKE 'Documents.%' AND s.status <> 'retrying'
      UNION SELECT name || ' save' FROM documents`,
  );
  return new Set(rows.map(({ key }) => key));
}
