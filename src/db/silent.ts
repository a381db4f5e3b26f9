// A logger for Knex that says nothing: every error is thrown as well, and the driver's texts quote values.
import type { Knex } from 'knex';

const nothing = (): void => undefined;
export const silent: Knex.Logger = { warn: nothing, error: nothing, debug: nothing, deprecate: nothing };
