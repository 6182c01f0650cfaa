// Research over a folder of documents: a plan, a reader for each section, and an answer out of what they found.

import { agent, opening, parallel, step, TerminalError, tool, workflow } from 'holdfast';
import { z } from 'zod';
import { type Section, sectionOf, sectionsAbout } from './library.ts';

const Question = z.object({
  question: z.string().min(5).max(1000).describe('What is to be found out'),
  sections: z.int().min(1).max(50).default(50).describe('How many sections are read at most'),
});
const Search = z.object({ words: z.string().min(3).max(200), most: z.int().min(1).max(50).default(10) });
const Passage = z.object({
  question: z.string().max(1000),
  source: z.string().max(200).describe('A section, as search names it'),
});
const Finding = z.object({
  summary: z.string().describe('What the section says about the question, in one or two sentences'),
});
const Answer = z.object({ summary: z.string().describe('The answer to the question, in a few plain sentences') });
const Report = z.object({ answer: z.string(), sources: z.array(z.string()).min(1) });

type Question = z.output<typeof Question>;
type Search = z.output<typeof Search>;
type Passage = z.output<typeof Passage>;
type Finding = z.output<typeof Finding>;
type Report = z.output<typeof Report>;

/** What one reader found. */
interface Note extends Finding {
  source: string;
  title: string;
}

/** The result of a survey. */
interface Survey {
  answer: string;
  notes: Note[];
  /** Sections that no answer could be got for. */
  unread: string[];
}

const READERS_AT_A_TIME = 8;

export class Research {
  /** Every section that may say something is read, each by an agent of its own; works with the offline local model. */
  @workflow({ input: Question, lane: 'research' })
  static async survey({ question, sections }: Question): Promise<Survey> {
    const plan = await Research.plan(question, sections);
    const unread: string[] = [];
    const read = await parallel(
      plan,
      async ({ source, title }): Promise<Note | undefined> => {
        try {
          return { source, title, ...(await Research.read({ question, source })) };
        } catch {
          unread.push(source);
          return undefined;
        }
      },
      { limit: READERS_AT_A_TIME },
    );
    const notes = read.filter((note) => note !== undefined);
    if (notes.length === 0) throw new TerminalError('nothing_found', `No document says anything about: ${question}`);
    const { summary } = await Research.synthesise({ question, notes: notes.map(({ summary: note }) => note) });
    return { answer: summary, notes, unread: unread.sort() };
  }

  /** The plan is recorded: documents that change meanwhile do not change it. */
  @step()
  static async plan(question: string, most: number): Promise<Omit<Section, 'text'>[]> {
    return (await sectionsAbout(question, most)).map(({ source, title }) => ({ source, title }));
  }

  @step()
  static async section(source: string): Promise<string> {
    const found = await sectionOf(source);
    if (found) return `${found.title}\n\n${found.text}`;
    throw new TerminalError('section_not_found', `There is no section '${source}': search names those that there are.`);
  }

  @agent({
    model: 'small',
    description: 'Have a section of a document read with regard to a question',
    instructions: 'Say what the document says about the question, in one or two sentences, and nothing else.',
    input: Passage,
    output: Finding,
    limits: { turns: 4 },
  })
  static async read({ question, source }: Passage): Promise<Finding> {
    return opening(`${question}\n\n<document>\n${await Research.section(source)}\n</document>`);
  }

  @agent({
    model: 'small',
    instructions: 'Answer the question from the findings and nothing else.',
    output: Answer,
    limits: { turns: 4 },
  })
  static async synthesise({
    question,
    notes,
  }: {
    question: string;
    notes: string[];
  }): Promise<z.output<typeof Answer>> {
    return opening(`${question}\n\n<document>\n${notes.join('\n\n')}\n</document>`);
  }

  @tool({ effect: 'read', description: 'Search the documents for sections by words', input: Search })
  static async search({ words, most }: Search): Promise<Omit<Section, 'text'>[]> {
    return (await sectionsAbout(words, most)).map(({ source, title }) => ({ source, title }));
  }

  /** The same by a model that decides itself what to search for and what to have read; the readers are its tools. */
  @agent({
    model: 'reasoning',
    instructions:
      'You answer questions from a folder of documents. Search for sections, have the promising ones read, several at a time, and answer with the sources that you used.',
    tools: [Research.search, Research.read],
    input: z.string().min(5).max(1000),
    output: Report,
    limits: { turns: 12, toolCalls: 60, wall: '1d' },
    lane: 'research',
  })
  static async lead(question: string): Promise<Report> {
    return opening(question);
  }
}
