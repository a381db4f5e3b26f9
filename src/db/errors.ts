// What the database room throws, classified by error number in each dialect. A server's own text is never passed on: it quotes values.

/** `retry`: the same call may work later. `permanent`: a person must act first. */
export class DatabaseError extends Error {
  constructor(
    readonly verdict: 'retry' | 'permanent',
    message: string,
    readonly code?: string,
  ) {
    super(message);
    this.name = 'DatabaseError';
  }
}

/** The target table cannot take what is configured; `statements` would mend it. */
export class SchemaMismatchError extends Error {
  constructor(
    readonly findings: readonly string[],
    readonly statements: readonly string[],
  ) {
    super(
      `${findings.join('; ')}${statements.length > 0 ? `. To mend it, run: ${statements.join('; ')}` : ''}`,
    );
    this.name = 'SchemaMismatchError';
  }
}

/** Another attempt has moved the page's checkpoint: this one must stop. */
export class SupersededError extends Error {
  constructor(jobId: string) {
    super(`The checkpoint of job ${jobId} was moved by another attempt`);
    this.name = 'SupersededError';
  }
}
