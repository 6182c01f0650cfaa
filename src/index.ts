// The public API.

export { type RunHandle, start, type StartOptions } from './admission/start.ts';
export { App, type AppOptions, createApp } from './app.ts';
export { type Config, readConfig } from './config.ts';
export type { ApprovalRule } from './core/approval.ts';
export type { RetryPolicy } from './core/backoff.ts';
export type { AgentContext, AgentLimits } from './core/agent-limits.ts';
export type { Duration } from './core/duration.ts';
export {
  Conflict,
  Forbidden,
  Gone,
  HoldfastError,
  InvalidInput,
  NotFound,
  RetryableError,
  TerminalError,
  Unavailable,
} from './core/errors.ts';
export type { Retention } from './core/retention.ts';
export type { RunStatus } from './core/run.ts';
export { configured, type Service } from './define/catalogue.ts';
export { type AgentOptions, opening } from './define/agent.ts';
export { effectful, type EffectfulOptions } from './define/effectful.ts';
export { agent, step, tool, transaction, workflow } from './define/decorators.ts';
export type { StepOptions, TransactionOptions, WorkflowOptions } from './define/operation.ts';
export type {
  CompensableTool,
  CompensationContext,
  IrreversibleTool,
  ReadTool,
  ToolApproval,
  ToolContext,
  ToolOptions,
  TransactionalTool,
} from './define/tool.ts';
export { db } from './engine/data-source.ts';
export type { LaneLimits } from './engine/lanes.ts';
export { currentRunId, now, parallel, progress, random, sleep, uuid, waitFor } from './engine/verbs.ts';
export type { AppEndpoint, ModelOptions } from './inference/registry/app-models.ts';
export { classifyModelError } from './inference/errors/errors.ts';
export { mcpTools } from './mcp/tools.ts';
export { type ApprovalResult, approve } from './steps/approve.ts';
export { callTool } from './steps/call-tool.ts';
export { compensateWith } from './steps/compensate-with.ts';
export { model, type StepContext, stepContext } from './steps/context.ts';
export type { Notify, NoticeContext } from './steps/notice.ts';
export { RunningApp } from './running-app.ts';
