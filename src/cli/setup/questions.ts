// What `setup` has to know, in the order of asking. Secrets come from the environment or a prompt, never from a flag: those are
// shown to every user of the machine.
import { dataCentreNames } from '../../config';

export interface Question {
  variable: string;
  /** `--client-id` */
  flag?: string;
  message: string;
  choices?: readonly string[];
  secret?: boolean;
  optional?: boolean;
  fallback?: string;
  /** What is wrong with an answer. */
  check?: (text: string) => string | undefined;
}

export const aboutZoho: readonly Question[] = [
  {
    variable: 'ZOHO_DC',
    flag: '--dc',
    message: "Zoho's data centre",
    choices: dataCentreNames,
    fallback: 'us',
    check: (text) => (dataCentreNames.includes(text) ? undefined : `Allowed: ${dataCentreNames.join(', ')}`),
  },
  { variable: 'ZOHO_CLIENT_ID', flag: '--client-id', message: 'Client id of the self client' },
  { variable: 'ZOHO_CLIENT_SECRET', message: 'Client secret of the self client', secret: true },
];

export const grantToken: Question = {
  variable: 'ZOHO_GRANT_TOKEN',
  message: 'Code that the API console has generated',
  secret: true,
};

export const aboutTheRest: readonly Question[] = [
  {
    variable: 'LEGACY_DB',
    message: 'Database (mssql://user:password@host:1433/database?encrypt=true, or sqlite:<path>)',
    // It holds the password.
    secret: true,
    fallback: 'sqlite:./zoho-mirror.db',
  },
  {
    variable: 'PUBLIC_URL',
    flag: '--public-url',
    message: 'https address under which Zoho reaches this machine (empty: poll every two minutes)',
    optional: true,
  },
  {
    variable: 'TEMPORAL_ADDRESS',
    flag: '--temporal-address',
    message: 'Address of Temporal',
    fallback: 'localhost:7233',
  },
  {
    variable: 'TEMPORAL_NAMESPACE',
    flag: '--temporal-namespace',
    message: 'Namespace of Temporal',
    fallback: 'default',
  },
];

const moduleName = /^[A-Za-z_][A-Za-z0-9_]*$/;

export const modules: Question = {
  variable: 'MIRROR_MODULES',
  flag: '--modules',
  message: 'Modules to mirror, by API name, separated by commas',
  fallback: 'Leads',
  check: (text) =>
    text.split(',').every((name) => moduleName.test(name.trim()))
      ? undefined
      : 'Allowed: API names such as Leads,Contacts',
};
