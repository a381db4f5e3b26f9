// How the address of a SQL Server is read: encrypted and verified unless it says otherwise, and never repeated in a message.
import { mssqlSettings } from '../../src/db/mssql/settings';

test.each([
  'mssql://mirror:pass@db.example/Legacy',
  'mssql://mirror:pass@db.example/Legacy?encrypt=&trustServerCertificate=',
  'Server=db.example;Database=Legacy;User Id=mirror;Password=pass',
])('%s is encrypted, and the certificate is verified', (address) => {
  expect(mssqlSettings(address)).toMatchObject({
    server: 'db.example',
    encrypt: true,
    trustServerCertificate: false,
  });
});

test.each([
  'mssql://mirror:pass@db.example/Legacy?encrypt=false&trustServerCertificate=true',
  'Server=db.example;Database=Legacy;User Id=mirror;Password=pass;Encrypt=False;Trust Server Certificate=True',
])('%s is neither, because it says so', (address) => {
  expect(mssqlSettings(address)).toMatchObject({ encrypt: false, trustServerCertificate: true });
});

test.each([
  'mssql://mirror:Canary%ZZ@db.example/Legacy',
  'mssql://mirror:Canary@db.example',
  'mssql://mirror:Canary@db.example/Legacy?encrypt=Canary',
  'mssql://mirror:Canary@db.example:99999/Legacy',
  'Server=;Password=Canary',
  'Server=db.example;Password=Canary',
  'Server=db.example;Database=Legacy;Password=Canary;Encrypt=Canary',
])('what is wrong with %s is said without repeating it', (address) => {
  const message = (() => {
    try {
      mssqlSettings(address);
      return '';
    } catch (error) {
      return String(error);
    }
  })();
  expect(message).toContain('LEGACY_DB');
  expect(message).not.toContain('Canary');
});
