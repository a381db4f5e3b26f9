// One line an event, on standard error: ids, counts and column names, never a record's contents, never a secret.
import pino, { type Logger } from 'pino';
import type { LogLevel } from '../config';

export type Log = Logger;

export const createLog = (name: string, level: LogLevel): Log =>
  pino(
    {
      name,
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: pino.stdSerializers.err },
    },
    pino.destination(2),
  );
