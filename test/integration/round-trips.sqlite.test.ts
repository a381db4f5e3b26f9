// Zoho's types on SQLite.
import { openSqlite } from './sqlite-file';
import { describeRoundTrips } from './round-trips';

describeRoundTrips('SQLite', openSqlite);
