// The list of modules and fields that the pretended organisation has, traps included; it is a table and never code.

interface FieldMore {
  readonly label?: string;
  readonly decimalPlace?: number;
  readonly custom?: boolean;
  readonly readOnly?: boolean;
  readonly mandatory?: boolean;
  readonly picklist?: readonly string[];
  readonly lookupModule?: string;
  readonly formulaReturn?: string;
  readonly rich?: boolean;
}
export type FieldSpec = readonly [apiName: string, dataType: string, length: number, more?: FieldMore];

export interface ModuleSpec {
  readonly apiName: string;
  readonly custom?: boolean;
  readonly apiSupported?: boolean;
  /** How many records for each Lead. */
  readonly share: number;
  readonly fields: readonly FieldSpec[];
}

const OWNER: readonly FieldSpec[] = [
  ['id', 'bigint', 20, { label: 'Record Id', readOnly: true }],
  ['Owner', 'ownerlookup', 120],
];
const STAMPS: readonly FieldSpec[] = [
  ['Created_Time', 'datetime', 120, { readOnly: true }],
  ['Modified_Time', 'datetime', 120, { readOnly: true }],
  ['Created_By', 'ownerlookup', 120, { readOnly: true }],
  ['Modified_By', 'ownerlookup', 120, { readOnly: true }],
];
const PERSON: readonly FieldSpec[] = [
  ['First_Name', 'text', 40],
  ['Last_Name', 'text', 80, { mandatory: true }],
  ['Full_Name', 'text', 120, { readOnly: true }],
  ['Email', 'email', 100],
  ['Phone', 'phone', 30],
  ['Mobile', 'phone', 30],
];

const LEADS: readonly FieldSpec[] = [
  ...OWNER,
  ['Company', 'text', 200, { mandatory: true }],
  ...PERSON,
  ['Website', 'website', 450],
  [
    'Lead_Source',
    'picklist',
    120,
    { picklist: ['Advertisement', 'Cold Call', 'Web Download', 'Trade Show', 'Empfehlung'] },
  ],
  ['Lead_Status', 'picklist', 120, { picklist: ['Open', 'Contacted', 'Qualified', 'Closed', 'Lost Lead'] }],
  [
    'Industry',
    'picklist',
    120,
    { picklist: ['ASP', 'Government/Military', 'Small/Medium Enterprise', 'Maschinenbau'] },
  ],
  ['Rating', 'picklist', 120, { picklist: ['Active', 'Market Failed', 'Shut Down'] }],
  ['Annual_Revenue', 'currency', 16, { decimalPlace: 2 }],
  ['No_of_Employees', 'integer', 9],
  ['Street', 'text', 250],
  ['City', 'text', 100],
  ['State', 'text', 100],
  ['Zip_Code', 'text', 30],
  ['Country', 'text', 100],
  ['Description', 'textarea', 32_000],
  ['Email_Opt_Out', 'boolean', 5],
  ...STAMPS,
  ['Last_Activity_Time', 'datetime', 120, { readOnly: true }],
  ['Tag', 'text', 2000],
  ['Skype_ID', 'text', 50],
  ['Secondary_Email', 'email', 100],
  ['Fax', 'phone', 30],
  ['Twitter', 'text', 50],
  ['Converted__s', 'boolean', 5, { readOnly: true }],
  ['Converted_Date_Time', 'datetime', 120, { readOnly: true }],
  ['Record_Status__s', 'picklist', 120, { readOnly: true, picklist: ['Available', 'Trash', 'Draft'] }],
  ['Budget', 'currency', 26, { decimalPlace: 9, custom: true }],
  ['Score', 'double', 16, { decimalPlace: 4, custom: true }],
  ['Discount', 'percent', 5, { decimalPlace: 2, custom: true }],
  ['Next_Contact', 'date', 20, { custom: true }],
  [
    'Interests',
    'multiselectpicklist',
    765,
    { custom: true, picklist: ['CRM', 'ERP', 'Büro', 'Travel, hotels', '営業'] },
  ],
  ['Campaign', 'lookup', 120, { custom: true, lookupModule: 'Campaigns' }],
  ['Big_Number', 'bigint', 18, { custom: true }],
  [
    'Score_Formula',
    'formula',
    16,
    { decimalPlace: 2, custom: true, readOnly: true, formulaReturn: 'double' },
  ],
  ['Notes_Rich', 'textarea', 50_000, { custom: true, rich: true }],
  ['Address', 'address', 250],
  ['Attachment_File', 'fileupload', 255, { custom: true }],
  ['Related_People', 'multiselectlookup', 120, { custom: true, lookupModule: 'Contacts' }],
  ['Line_Items', 'subform', 120, { custom: true }],
];

export const catalogue: readonly ModuleSpec[] = [
  { apiName: 'Leads', share: 1, fields: LEADS },
  {
    apiName: 'Contacts',
    share: 0.1,
    fields: [
      ...OWNER,
      ...PERSON,
      ['Title', 'text', 100],
      ['Description', 'textarea', 32_000],
      ...STAMPS,
      ['Tag', 'text', 2000],
    ],
  },
  {
    apiName: 'Campaigns',
    share: 0.02,
    fields: [
      ...OWNER,
      ['Campaign_Name', 'text', 200],
      ['Budgeted_Cost', 'currency', 16, { decimalPlace: 2 }],
      ...STAMPS,
    ],
  },
  {
    apiName: 'Site_Projects',
    custom: true,
    share: 0.05,
    fields: [
      ...OWNER,
      ['Name', 'text', 120, { mandatory: true }],
      ['Start_Date', 'date', 20, { custom: true }],
      ['Volume', 'currency', 16, { decimalPlace: 2, custom: true }],
      ['Contact', 'lookup', 120, { custom: true, lookupModule: 'Contacts' }],
      ...STAMPS,
    ],
  },
  {
    apiName: 'Site_Visits',
    custom: true,
    share: 0.05,
    fields: [...OWNER, ['Name', 'text', 120], ['Minutes', 'integer', 9, { custom: true }]],
  },
  { apiName: 'Inner_Logs', apiSupported: false, share: 0, fields: [...OWNER] },
];
