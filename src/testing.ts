// The test kit, `holdfast/testing`: a whole service for a test, models that follow a script, and crashes at a chosen point.

export { type ChildOptions, type ChildService, type Exit, startChild } from './testing/child.ts';
export { crashAt, type CrashPoint } from './testing/crash.ts';
export { createTestDatabase, type TestDatabase } from './testing/database.ts';
export {
  type ChatRequest,
  type ModelServer,
  type ModelServerOptions,
  type RecordedRequest,
  startModelServer,
} from './testing/model-server.ts';
export type { CallOptions, CallResult } from './testing/request.ts';
export { type Script, type ScriptedModel, scriptedModel, type Turn } from './testing/scripted-model.ts';
export { type ServiceOptions, startService, type TestService } from './testing/service.ts';
export { skipTime } from './testing/skip-time.ts';
