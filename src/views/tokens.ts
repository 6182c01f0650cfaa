// What models say, for those who follow a run: pieces while it is said, and the rest from the record once there is one.

import type { Knex } from 'knex';
import {
  behind,
  type Delta,
  formatPlaces,
  inPieces,
  lengthOf,
  merged,
  parsePlaces,
  saidIn,
  type TokenPlace,
  type TokenPlaces,
} from '../core/tokens.ts';
import { Coalesced } from '../engine/history/coalesce.ts';
import { askedOnce } from '../lib/asked-once.ts';
import { type ChunksBehind, type ChunksPage, readChunks, type ReadChunk } from '../store/token-chunks.ts';

/** What a follower has heard of steps of which it has not seen the end. */
export interface Heard {
  places: TokenPlaces;
  /** Whether it may have heard of other steps, too. */
  isCut: boolean;
}

/** What is told of tokens: what was added, or that nothing of what was said in a step counts; with what is heard then. */
export type TokenEvent = { event: 'token' | 'reset-step'; data: Record<string, unknown>; heard: Heard };

export const NOTHING_HEARD: Heard = { places: new Map(), isCut: false };

/** What is heard of steps may have this many characters in the id of an event. */
export const HEARD_LIMIT = 400;
/** One event has at most so many UTF-16 code units of text. */
const LONGEST = 16_000;
const CUT = '+';

/** Returns `heard` as text, for the id of an event. */
export function formatHeard({ places, isCut }: Heard): string {
  const { text, isWhole } = formatPlaces(places, HEARD_LIMIT);
  return isCut || !isWhole ? `${text}${CUT}` : text;
}

/** Returns what `formatHeard` wrote as `text`, or undefined when the text is not of that form. */
export function parseHeard(text: string): Heard | undefined {
  const isCut = text.endsWith(CUT);
  const places = parsePlaces(isCut ? text.slice(0, -CUT.length) : text);
  return places && { places, isCut };
}

/** Returns what to tell of a piece. Pieces that overlap, or that come again, are told once. */
export function tellChunk(heard: Heard, { stepId, generation, start, deltas }: ReadChunk): TokenEvent[] {
  const { events, now } = inGeneration(heard, stepId, generation);
  const { offset } = now.places.get(stepId) ?? { offset: 0 };
  // Before what is missing comes: the step's record has it.
  if (start > offset) return events;
  return [...events, ...tell(now, stepId, behind(deltas, offset - start))];
}

/** What was said in a step, as far as it is recorded. */
export interface Said {
  generation: string;
  deltas: readonly Delta[];
}

/** Returns what to tell before the end of a step is told: what is missing of what was said, or that nothing of it counts. */
export function tellRest(heard: Heard, stepId: number, said: Said | undefined): TokenEvent[] {
  if (!said) return reset(heard, stepId, undefined);
  const { events, now } = inGeneration(heard, stepId, said.generation);
  const { offset } = now.places.get(stepId) ?? { offset: 0 };
  return [...events, ...tell(now, stepId, behind(said.deltas, offset))];
}

/** Returns what is heard once the end of the step was told. */
export function withoutStep(heard: Heard, stepId: number): Heard {
  if (!heard.places.has(stepId)) return heard;
  return { ...heard, places: new Map([...heard.places].filter(([other]) => other !== stepId)) };
}

function inGeneration(heard: Heard, stepId: number, generation: string): { events: TokenEvent[]; now: Heard } {
  if (heard.places.get(stepId)?.generation === generation) return { events: [], now: heard };
  const place = { generation, offset: 0 };
  return { events: reset(heard, stepId, place), now: withPlace(heard, stepId, place) };
}

/** Says that what was said in the step does not count, where anything may have been heard of it. */
function reset(heard: Heard, stepId: number, place: TokenPlace | undefined): TokenEvent[] {
  const known = heard.places.get(stepId);
  if (known ? known.offset === 0 : !heard.isCut) return [];
  const now = place ? withPlace(heard, stepId, place) : withoutStep(heard, stepId);
  return [{ event: 'reset-step', data: { stepId }, heard: now }];
}

function tell(heard: Heard, stepId: number, deltas: readonly Delta[]): TokenEvent[] {
  let now = heard;
  return inPieces(merged(deltas), LONGEST).map(([part, type, delta]) => {
    const { generation, offset } = now.places.get(stepId)!;
    now = withPlace(now, stepId, { generation, offset: offset + delta.length });
    return { event: 'token', data: { stepId, part, type, delta }, heard: now };
  });
}

function withPlace(heard: Heard, stepId: number, place: TokenPlace): Heard {
  return { ...heard, places: new Map(heard.places).set(stepId, place) };
}

const SAID = `
  SELECT s.step_id AS "stepId", s.output ->> 'stream' AS generation,
         CASE WHEN s.output ->> 'stream' IS NOT NULL THEN s.output -> 'messages' END AS messages, NULL AS chunks
    FROM holdfast.steps s
   WHERE s.run_id = :id AND s.step_id = ANY(:turns::int[])
     AND CASE WHEN jsonb_typeof(s.output) = 'object' THEN s.output @> '{"asked": [], "messages": []}' ELSE FALSE END
  UNION ALL
  SELECT t.step_id, t.generation, NULL, jsonb_agg(jsonb_build_array(t.start, t.deltas) ORDER BY t.id)
    FROM holdfast.token_chunks t
   WHERE t.run_id = :id AND t.step_id = ANY(:others::int[])
     AND t.generation = (SELECT l.generation FROM holdfast.token_chunks l
                          WHERE l.run_id = t.run_id AND l.step_id = t.step_id ORDER BY l.id DESC LIMIT 1)
   GROUP BY t.step_id, t.generation`;

interface SaidRow {
  stepId: number;
  generation: string | null;
  messages: { content: unknown }[] | null;
  chunks: [start: number, deltas: Delta[]][] | null;
}

/**
 * Returns what was said in recorded steps: in turns of agents, which their records have, and in those of which there are pieces. Where a
 * turn has its record, pieces of it are left over.
 */
export async function saidInSteps(
  db: Knex,
  id: string,
  { turns, others }: { turns: number[]; others: number[] },
): Promise<Map<number, Said | undefined>> {
  const said = new Map<number, Said | undefined>();
  if (turns.length === 0 && others.length === 0) return said;
  const { rows } = await db.raw<{ rows: SaidRow[] }>(SAID, { id, turns, others });
  for (const { stepId, generation, messages, chunks } of rows) {
    if (said.has(stepId)) continue;
    const deltas = messages ? saidIn(messages) : joined(chunks ?? []);
    said.set(stepId, generation === null ? undefined : { generation, deltas });
  }
  return said;
}

function joined(chunks: readonly [start: number, deltas: Delta[]][]): Delta[] {
  const whole: Delta[] = [];
  let length = 0;
  for (const [start, deltas] of chunks) {
    if (start > length) break;
    const rest = behind(deltas, length - start);
    whole.push(...rest);
    length += lengthOf(rest);
  }
  return merged(whole);
}

/** Reads what models say for all followers in the process: those that ask at the same time are one query. */
export class TokenReader {
  readonly #pages: Coalesced<ChunksBehind, ChunksPage>;

  constructor(db: Knex) {
    this.#pages = new Coalesced((questions) =>
      askedOnce(
        questions,
        ({ runId, id }) => `${runId} ${id}`,
        (different) => readChunks(db, different),
      ),
    );
  }

  /** Returns the next pieces of the run behind the one with that id; 0 for the first ones. */
  after(runId: string, id: number): Promise<ChunksPage> {
    return this.#pages.answer({ runId, id });
  }
}
