// Deciding approvals: whoever answers is checked against the row, which is locked, and everything that follows is one commit.

import type { Knex } from 'knex';
import { type Answer, hasRole, refusalOf, verdictOn } from '../core/approval.ts';
import { type Duration, toMilliseconds } from '../core/duration.ts';
import { InvalidInput, TerminalError } from '../core/errors.ts';
import { assertName, type Person, personName } from '../core/person.ts';
import { plainJson } from '../core/plain-json.ts';
import { errorRecord } from '../core/recorded-error.ts';
import { inputHash } from '../core/run-id.ts';
import { LONGEST_TIME_MS } from '../core/run.ts';
import { assertSerializable } from '../core/serializable.ts';
import { approvalTopic } from '../core/topic.ts';
import { leaveWakeUp } from '../engine/wake-up.ts';
import { isStorableJson } from '../lib/storable.ts';
import { meaningOf, shownOf } from '../steps/approved-tool.ts';
import { checkedArguments, type Tool } from '../steps/tool.ts';
import { type ApprovalLink, findLink, insertLink, takeLink } from '../store/approval-links.ts';
import {
  addEvent,
  type LockedApproval,
  lockApproval,
  readApproval,
  settleApproval,
  type Settlement,
} from '../store/approvals.ts';
import { issuerRequired, linkRefusal, notFound, refusalError } from './refusals.ts';
import { hashOfSecret, newSecret } from './secrets.ts';

/** What a person says to a question. */
export interface Decision {
  decision: 'approve' | 'reject';
  /** The model is told it, where a call of a tool is rejected. */
  comment?: string | undefined;
  /** Other arguments for the tool than those that were asked about. */
  arguments?: unknown;
  /** The hash of the arguments that the person has seen: with others the answer is refused. */
  argumentsHash?: string | undefined;
}

/** For whom a link is to be. */
export interface LinkRequest {
  /** The name of the person. */
  for: string;
  /** The roles that the person has by it; the one that is asked for, when not given. */
  roles?: readonly string[] | undefined;
  /** Until when it can be used; as long as the approval can be decided, when not given, and never longer. */
  expires?: Duration | undefined;
}

/** Who makes a link: a person, or the app's own `notify`. */
export type LinkMaker = Person | 'notify';

export interface ApprovalsOptions {
  db: Knex;
  tools: ReadonlyMap<string, Tool>;
  /** Told of a message that was left for a run, once that is committed. */
  onWakeUp: (runId: string, topic: string) => void;
}

/** The role whose bearers may make links for others. */
const LINK_ISSUER = 'link-issuer';
const TOKEN = /^[A-Za-z0-9_-]{43}$/;
const LONGEST_NAME = 200;

/** Takes answers to questions, and makes the links by which they can be given. */
export class Approvals {
  readonly #options: ApprovalsOptions;

  constructor(options: ApprovalsOptions) {
    this.#options = options;
  }

  /**
   * Notes the answer of `person`. Resolves once it is committed, and the run will hear of it if that decided the matter.
   * @throws NotFound `approval_not_found`; Conflict `approval_decided`, `approval_withdrawn`, `approval_voted`, `approval_changed`;
   *   Gone `approval_expired`; Forbidden `approval_role_required`, `approval_by_initiator`; InvalidInput `arguments_not_editable`,
   *   `invalid_tool_arguments`, `not_serializable`
   */
  async decide(id: string, person: Person, decision: Decision): Promise<void> {
    await this.#refuseEarly(id, person);
    await this.#decide(id, () => ({ person, via: null }), decision);
  }

  /**
   * Makes a link for a person, and returns its token, which is kept nowhere.
   * @throws as `decide` for an approval that cannot be decided any more; Forbidden `link_issuer_required`, and `approval_by_initiator`
   *   where the one who makes it, or for whom it is, must not decide; InvalidInput `invalid_link`, `invalid_role`, `invalid_duration`
   */
  async makeLink(id: string, by: LinkMaker, request: LinkRequest): Promise<{ token: string; expiresAt: Date }> {
    const maker: Person = by === 'notify' ? { name: by, roles: 'all', tenant: undefined } : by;
    const person = nameOf(request.for);
    // An approval cannot last longer, and Postgres' times have an end.
    const lastsMs = request.expires === undefined ? null : Math.min(toMilliseconds(request.expires), LONGEST_TIME_MS);
    for (const role of request.roles ?? []) assertName('invalid_role', 'role', role);
    const token = newSecret();
    return this.#options.db.transaction(async (trx) => {
      const approval = await lock(trx, id, maker.tenant);
      if (!hasRole(maker, LINK_ISSUER)) throw issuerRequired(id);
      const roles = request.roles ?? (approval.role === null ? [] : [approval.role]);
      for (const one of by === 'notify' ? [person] : [person, maker.name]) {
        const refusal = refusalOf(approval, { name: one, roles: 'all', tenant: undefined }, approval.now);
        if (refusal) throw refusalError(refusal, approval, one);
      }
      const link = { approvalId: id, tokenHash: hashOfSecret(token), person, roles, madeBy: maker.name, lastsMs };
      const expiresAt = await insertLink(trx, link);
      await addEvent(trx, id, { what: 'link_made', who: maker.name, roles, recipient: person });
      return { token, expiresAt };
    });
  }

  /**
   * Returns what the link of `token` is for, and does not use it up.
   * @throws NotFound `link_not_found`; Gone `link_used`, `link_expired`
   */
  async lookAt(token: string): Promise<{ approvalId: string; person: Person }> {
    const link = await usableLink(this.#options.db, token);
    return { approvalId: link.approvalId, person: personOf(link) };
  }

  /** Notes the answer of the person whom the link of `token` is for; that uses it up. @throws as `lookAt` and `decide` */
  async decideByLink(token: string, decision: Decision): Promise<void> {
    const { approvalId } = await usableLink(this.#options.db, token);
    const take = async (trx: Knex.Transaction): Promise<Decider> => {
      // Others who came with the same link had to wait for the approval's lock, so it is looked at again.
      const link = await usableLink(trx, token);
      if (!(await takeLink(trx, link.id))) throw linkRefusal('link_expired');
      return { person: personOf(link), via: 'link' };
    };
    await this.#decide(approvalId, take, decision);
  }

  /** Whoever comes too late need not wait in line for the lock. */
  async #refuseEarly(id: string, person: Person): Promise<void> {
    const approval = id.includes('\0') ? undefined : await readApproval(this.#options.db, id);
    const refusal = approval && refusalOf(approval, person, approval.now);
    if (refusal) throw refusalError(refusal, approval, person.name);
  }

  /** `decider` is called once the approval is locked. */
  async #decide(
    id: string,
    decider: (trx: Knex.Transaction) => Decider | Promise<Decider>,
    decision: Decision,
  ): Promise<void> {
    const isEdited = decision.arguments !== undefined;
    const given = isEdited ? plainArguments(decision.arguments) : undefined;
    const woken = await this.#options.db.transaction(async (trx) => {
      const approval = await lock(trx, id, undefined);
      const { person, via } = await decider(trx);
      const { argumentsHash } = decision;
      const answer: Answer = { decision: decision.decision, argumentsHash, isEdited };
      const verdict = verdictOn(approval, person, answer, approval.now);
      if (verdict.act === 'refuse') throw refusalError(verdict.refusal, approval, person.name);
      const edited = isEdited ? this.#edited(approval, given, person.name) : undefined;
      const comment = decision.comment?.trim() || null;
      const roles = person.roles === 'all' ? ['all'] : person.roles;
      const hash = edited ? inputHash(edited.arguments) : approval.argumentsHash;
      const event = { who: person.name, roles, via, comment, argumentsHash: hash };
      if (verdict.act === 'vote') {
        await addEvent(trx, id, { ...event, what: 'voted' });
        return undefined;
      }
      const { status } = verdict;
      await settleApproval(trx, id, { status, comment, edited }, { ...event, what: status });
      await leaveWakeUp(trx, approval.runId, approvalTopic(id));
      return approval.runId;
    });
    if (woken !== undefined) this.#options.onWakeUp(woken, approvalTopic(id));
  }

  /** Returns what the tool will get when it is called with `given`. */
  #edited(approval: LockedApproval, given: unknown, name: string): NonNullable<Settlement['edited']> {
    const tool = approval.tool === null ? undefined : this.#options.tools.get(approval.tool);
    if (!tool) throw refusalError('arguments_not_editable', approval, name);
    try {
      const shown = shownOf(tool, given, checkedArguments(tool, given));
      return { arguments: shown, hash: inputHash(meaningOf(tool, shown)) };
    } catch (error) {
      // Here it is the person's fault, and no failure of a step.
      if (error instanceof TerminalError)
        throw new InvalidInput('invalid_tool_arguments', error.message, error.details);
      // A refinement of the schema may throw anything.
      const { message } = errorRecord(error);
      throw new InvalidInput('invalid_tool_arguments', `The arguments of '${tool.name}' cannot be checked: ${message}`);
    }
  }
}

interface Decider {
  person: Person;
  via: 'link' | null;
}

function plainArguments(value: unknown): unknown {
  const plain = plainJson(assertSerializable(value, 'The arguments'));
  if (isStorableJson(plain)) return plain;
  throw new InvalidInput(
    'not_serializable',
    'The arguments cannot be recorded: a text in them has the character U+0000 in it, or half of a character.',
  );
}

async function lock(trx: Knex.Transaction, id: string, tenant: string | undefined): Promise<LockedApproval> {
  // Postgres' texts cannot hold U+0000.
  const approval = id.includes('\0') ? undefined : await lockApproval(trx, id);
  if (approval && (tenant === undefined || tenant === approval.tenant)) return approval;
  throw notFound(id);
}

async function usableLink(db: Knex, token: string): Promise<ApprovalLink> {
  const link = TOKEN.test(token) ? await findLink(db, hashOfSecret(token)) : undefined;
  if (!link) throw linkRefusal('link_not_found');
  if (link.isUsed) throw linkRefusal('link_used');
  if (link.isExpired) throw linkRefusal('link_expired');
  return link;
}

function personOf({ person, roles, tenant }: ApprovalLink): Person {
  return { name: person, roles, tenant };
}

function nameOf(name: string): string {
  const kept = personName(name);
  if (kept !== '' && kept.length <= LONGEST_NAME && !kept.includes('\0')) return kept;
  throw new InvalidInput(
    'invalid_link',
    `A link is for a person: 'for' must be a name of 1 to ${LONGEST_NAME} characters.`,
  );
}
