// What approvals look like outside: the part of the contract that is theirs.

import { z } from 'zod';
import { NAME } from '../core/person.ts';
import { APPROVAL_STATUSES } from '../views/approvals.ts';
import { duration, time, wholeNumber } from './contract.ts';

const LONGEST_COMMENT = 4000;

const hash = z.string().meta({ description: 'SHA-256 of the arguments as JSON with sorted keys, in hexadecimal' });

const ApprovalSummarySchema = z
  .object({
    id: z.string(),
    runId: z.string().meta({ description: 'The run that asks' }),
    stepId: z.int(),
    workflow: z.string(),
    tenant: z.string(),
    tool: z
      .string()
      .nullable()
      .meta({ description: 'The tool that is to be called; null where the workflow itself asks' }),
    question: z.string(),
    argumentsHash: hash,
    role: z.string().nullable().meta({ description: 'Who may decide; null for anybody of the tenant' }),
    quorum: z.int().meta({ description: 'How many people have to approve; one who rejects is enough' }),
    votes: z.int().meta({ description: 'How many have approved so far' }),
    excludeInitiator: z.boolean().meta({ description: 'Whether the person who started the run is kept from deciding' }),
    initiator: z.string().nullable().meta({ description: 'Who started the run, or the one above it' }),
    status: z
      .enum(APPROVAL_STATUSES)
      .meta({ description: '`withdrawn` when the run has ended before anybody decided' }),
    decidedBy: z.array(z.string()).meta({ description: 'Who has approved so far, or who rejected' }),
    comment: z.string().nullable(),
    otherwise: z.enum(['reject', 'approve']).meta({ description: 'What it means when nobody decides in time' }),
    escalateRole: z.string().nullable().meta({ description: 'Who is asked when nobody has decided in time' }),
    askedAt: time,
    expiresAt: time,
    escalatedAt: time.nullable(),
    decidedAt: time.nullable(),
  })
  .meta({ id: 'ApprovalSummary', description: 'A question that a run puts to people' });

export const ApprovalPageSchema = z
  .object({
    items: z.array(ApprovalSummarySchema),
    next: z.string().nullable().meta({ description: 'The cursor of the next page' }),
  })
  .meta({ id: 'ApprovalPage' });

const ApprovalEventSchema = z
  .object({
    n: z.int().meta({ description: 'Counts what happened to one approval, from 1' }),
    at: time,
    what: z.string().meta({
      description: '`asked`, `voted`, `approved`, `rejected`, `escalated`, `expired` or `link_made`',
    }),
    who: z.string().nullable(),
    roles: z.array(z.string()),
    via: z.string().nullable().meta({ description: '`link`, where one was used' }),
    recipient: z.string().nullable().meta({ description: 'For whom a link was made' }),
    comment: z.string().nullable(),
    argumentsHash: z.string().nullable(),
  })
  .meta({ id: 'ApprovalEvent', description: 'An entry of the audit' });

export const ApprovalSchema = ApprovalSummarySchema.extend({
  arguments: z.unknown().meta({ description: 'What is to be approved' }),
  decidedArguments: z.unknown().meta({ description: 'What was approved instead; null when nothing was edited' }),
  events: z.array(ApprovalEventSchema),
}).meta({ id: 'Approval', description: 'A question, with what is to be approved and what has happened to it' });

const comment = z
  .string()
  .max(LONGEST_COMMENT, `is longer than ${LONGEST_COMMENT} characters`)
  .refine((text) => !text.includes('\0'), 'has the character U+0000 in it')
  .transform((text) => text.trim() || undefined);

export const DecisionSchema = z
  .strictObject({
    decision: z.enum(['approve', 'reject']),
    comment: comment.optional().meta({ description: 'Kept with the decision, and read by the model on a rejection' }),
    arguments: z.unknown().optional().meta({ description: 'Approve these arguments instead of the ones asked about' }),
    argumentsHash: hash.optional().meta({
      description: 'The hash of the arguments that were looked at: the decision is refused when they are others',
    }),
  })
  .meta({ id: 'Decision' });

/** The fields of the page that a link leads to. */
export const DecisionForm = z.strictObject({
  decision: z.enum(['approve', 'reject']),
  // Browsers send line breaks as CRLF, but count them as one character.
  comment: z
    .string()
    .transform((text) => text.replaceAll('\r\n', '\n'))
    .pipe(comment)
    .optional(),
  argumentsHash: z.string(),
});

export const LinkSchema = z
  .strictObject({
    for: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .regex(/^\P{Cc}*$/u, 'has control characters in it')
      .meta({ description: 'The person whose decision it will be' }),
    roles: z
      .array(z.string().regex(NAME, 'is not a role: use 1 to 100 letters, digits or . _ @ : -'))
      .max(100)
      .optional()
      .meta({ description: 'What that person may decide; the role that is asked for when left out' }),
    expires: duration
      .refine((ms) => ms > 0, 'must be more than 0')
      .optional()
      .meta({ description: "How long the link can be used: '12h'; by default, and at most, as long as the approval" }),
  })
  .meta({ id: 'Link' });

export const LinkReceiptSchema = z
  .object({ url: z.string(), expiresAt: time })
  .meta({ id: 'LinkReceipt', description: 'The address is said this once; whoever has it can decide' });

export const ApprovalParams = z.strictObject({ id: z.string().min(1).max(400) });

export const ApprovalsQuery = z.strictObject({
  status: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(APPROVAL_STATUSES)))
    .optional()
    .meta({ description: 'One status or several with commas between them' }),
  role: z.string().optional().meta({ description: 'Only those that ask for this role' }),
  run: z.string().optional().meta({ description: 'Only those of this run' }),
  limit: wholeNumber.pipe(z.number().min(1).max(500)).optional(),
  cursor: z.string().max(1000).optional(),
});
