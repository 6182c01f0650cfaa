// Telling people that they are asked: the app's own `notify`, as a step that is retried and does not fail its run.

import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Duration } from '../core/duration.ts';
import { HoldfastError, InvalidInput, RetryableError, TerminalError } from '../core/errors.ts';
import { errorRecord, isRecorded } from '../core/recorded-error.ts';
import type { ToolContext } from '../define/tool.ts';
import { findOpenApproval, type OpenApproval } from '../store/approvals.ts';
import { stepContext } from './context.ts';
import { type StepRunner, runStep } from './step.ts';
import { outsideContext } from './tool-context.ts';

/** The surroundings of one attempt to tell people of an approval. */
export interface NoticeContext extends Omit<ToolContext, 'db'> {
  /**
   * Makes a link by which one person can answer once, without a key, and returns its address. Give it to that person only. The roles
   * that it gives are those that are asked for, unless `roles` says others; it ends with the time to decide, unless `expires` is sooner.
   */
  readonly link: (to: LinkTo) => Promise<string>;
}

/** For whom a link is. */
export interface LinkTo {
  /** The person's name, as the audit shows it. */
  for: string;
  roles?: readonly string[];
  expires?: Duration;
}

/** Tells people that they are asked: sends a message, with links. Called again when the question is put to others instead. */
export type Notify = (approval: OpenApproval, context: NoticeContext) => Promise<void>;

/** How an app tells people of approvals. */
export interface ApprovalDesk {
  notify: Notify | undefined;
  /** Makes a link to the approval and returns its address. */
  link: (approvalId: string, to: LinkTo) => Promise<string>;
}

export interface Noticing extends StepRunner {
  db: Knex;
  approvals: ApprovalDesk;
}

const NOTICE = { retries: { attempts: 5, backoff: { initial: '500ms', max: '30s' } }, timeout: '30s' };

/**
 * Gives notice as the step `name` of the calling workflow, and returns how many milliseconds are left then of `leftMs`; 0 where that is
 * not known. It is a step without `notify`, too, so that runs under way can get one.
 */
export async function giveNotice(runner: Noticing, name: string, approvalId: string, leftMs: number): Promise<number> {
  try {
    const left = await runStep(runner, { name, options: NOTICE, body: () => tell(runner, name, approvalId) });
    return (left as number | null) ?? leftMs;
  } catch (error) {
    // The question stays in the inbox, and the error in the timeline.
    if (isRecorded(error)) return 0;
    throw error;
  }
}

/** Returns how many milliseconds are left to decide after people were told; null when there is nobody to tell them. */
async function tell(
  { db, approvals: { notify, link } }: Noticing,
  name: string,
  approvalId: string,
): Promise<number | null> {
  if (!notify) return null;
  const approval = await findOpenApproval(db, approvalId);
  // Somebody was faster than the message.
  if (!approval) return 0;
  const step = stepContext();
  // Each attempt makes links of its own, so the key of the step would belong to another request.
  const context = outsideContext(db, name, step, `${step.idempotencyKey}-${randomUUID()}`);
  const { leftMs, ...told } = approval;
  const begun = performance.now();
  const links: string[] = [];
  const remembered: NoticeContext['link'] = async (to) => {
    const url = await link(approvalId, to);
    links.push(url);
    return url;
  };
  try {
    await notify(told, noticeContext(context, remembered));
  } catch (error) {
    throw withoutLinks(error, links);
  }
  return Math.max(0, Math.ceil(leftMs - (performance.now() - begun)));
}

/** What is thrown here is recorded, and read by more people than those whom a link makes somebody else. Details are left out. */
function withoutLinks(error: unknown, links: readonly string[]): unknown {
  if (links.length === 0) return error;
  const { code, message } = errorRecord(error);
  const tokens = links.map((url) => url.slice(url.lastIndexOf('/') + 1));
  const text = tokens.reduce((rest, token) => rest.replaceAll(token, '…'), message);
  if (error instanceof TerminalError || error instanceof InvalidInput) return new TerminalError(code, text);
  if (!(error instanceof RetryableError)) return new HoldfastError(code, text);
  const { retryAfterMs } = error;
  return new RetryableError(code, text, retryAfterMs === undefined ? {} : { retryAfterMs });
}

function noticeContext(context: ToolContext, link: NoticeContext['link']): NoticeContext {
  return Object.defineProperty(context, 'link', { value: link, enumerable: true }) as ToolContext & NoticeContext;
}
