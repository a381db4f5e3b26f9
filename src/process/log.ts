// One line an event, on standard error: ids, counts and column names, never a record's contents, never a secret.
import pino, { type DestinationStream, type Logger } from 'pino';
import type { LogLevel } from '../config';

export type Log = Logger;

/** @param to standard error. */
export const createLog = (name: string, level: LogLevel, to: DestinationStream = pino.destination(2)): Log =>
  pino(
    {
      name,
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: pino.stdSerializers.err },
    },
    to,
  );
