// One line an event, on standard error: ids, counts and column names, never a record's contents, never a secret.
import pino, { type Logger } from 'pino';

export type Log = Logger;

export const createLog = (name: string): Log =>
  pino(
    {
      name,
      level: process.env.LOG_LEVEL || 'info',
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: pino.stdSerializers.err },
    },
    pino.destination(2),
  );
