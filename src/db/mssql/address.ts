// Reads the address of a SQL Server: a URL or an ADO.NET string.
import { fromAdo } from './address-ado';
import { fromUrl } from './address-url';
import type { MssqlSettings } from './settings';

export const mssqlSettings = (address: string): MssqlSettings =>
  /^(mssql|sqlserver):\/\//i.test(address) ? fromUrl(address) : fromAdo(address);
