// Why a document cannot be read. Plain data, because it crosses from a worker thread to the service.

export interface Failure {
  code: string;
  /** What was found, and what to do; the document's name is put before it. */
  reason: string;
}

/** Thrown inside the readers; see `readDocument` for what becomes of it. */
export class ReadFailure extends Error {
  readonly failure: Failure;

  constructor(code: string, reason: string) {
    super(reason);
    this.failure = { code, reason };
  }
}
