// The test kit, `holdfast/testing`: a whole service for a test, models that follow a script, and crashes at a chosen point.

export {
  type ChatRequest,
  type ModelServer,
  type ModelServerOptions,
  type RecordedRequest,
  startModelServer,
} from './testing/model-server.ts';
export { type Script, type ScriptedModel, scriptedModel, type Turn } from './testing/scripted-model.ts';
export {
  type CallOptions,
  type CallResult,
  type ServiceOptions,
  startService,
  type TestService,
} from './testing/service.ts';
