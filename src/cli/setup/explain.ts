// What a person must do in Zoho before a token can be had.
import { scopes } from '../checks';

const consoles: Readonly<Record<string, string>> = {
  us: 'https://api-console.zoho.com',
  eu: 'https://api-console.zoho.eu',
  in: 'https://api-console.zoho.in',
  au: 'https://api-console.zoho.com.au',
  jp: 'https://api-console.zoho.jp',
  cn: 'https://api-console.zoho.com.cn',
  ca: 'https://api-console.zohocloud.ca',
  sa: 'https://api-console.zoho.sa',
};

export const explainClient = (): string[] => [
  'The mirror reads Zoho CRM as one of its users: one who may see every record that shall be mirrored.',
  'As that user open the API console of your data centre and create a Self Client:',
  ...Object.entries(consoles).map(([name, url]) => `  ${name}  ${url}`),
  'It shows a client id and a client secret.',
  '',
];

export const explainGrant = (): string[] => [
  '',
  'In the Self Client, under Generate Code, enter these scopes and generate a code. It is good for a few minutes, and once:',
  '',
  `  ${scopes.join(',')}`,
  '',
];
