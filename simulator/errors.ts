// Zoho's error answers; it decides no status of its own.

export interface ErrorParts {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** Bulk Read answers some errors bare and some inside `data`. */
  readonly wrapped?: boolean;
}

export class ZohoError extends Error {
  constructor(readonly parts: ErrorParts) {
    super(parts.message);
    this.name = 'ZohoError';
  }
}

export function errorBody(parts: Omit<ErrorParts, 'status'>): string {
  const error = { code: parts.code, details: parts.details ?? {}, message: parts.message, status: 'error' };
  return JSON.stringify(parts.wrapped ? { data: [error] } : error);
}
