// Makes up the value of any field of any record from seed and index alone, so that a million records cost no memory.
import { recordId } from './metadata';
import * as phrases from './phrases';
import { below, digits, pick, randomFor, type Random } from './random';
import type { Field, Module, User, Value } from './types';
import { utcText } from './zone';

const DAY_SECONDS = 86_400;
const FIRST_DAY_MS = Date.UTC(2023, 5, 1);
const CREATED_SPAN_SECONDS = 600 * DAY_SECONDS;
const MODIFIED_SPAN_SECONDS = 300 * DAY_SECONDS;
const EMPTY_SHARE = 0.15;
const TIME_SALT = 1_000;

export const users: readonly User[] = [
  { id: '5725767000000411001', name: 'Patricia Boyle', email: 'patricia@example.com' },
  { id: '5725767000000411002', name: 'Jürgen Weiß', email: 'juergen@example.com' },
  { id: '5725767000000411003', name: '佐藤 花子', email: 'hanako@example.com' },
];

export interface Generator {
  value(module: Module, field: Field, index: number): Value;
  times(module: Module, index: number): { createdMs: number; modifiedMs: number };
  user(module: Module, index: number): User;
}

export function createGenerator(options: {
  seed: number;
  count: (module: string) => number;
  find: (name: string) => Module;
}): Generator {
  const { seed } = options;
  const saltOf = (module: Module, salt: number): number => module.ordinal * 10_000 + salt;
  const target = (field: Field, random: Random): Value => {
    const module = options.find(field.lookupModule ?? '');
    const count = options.count(module.apiName);
    if (count === 0) return null;
    const index = below(random, count);
    return { name: `${module.label} ${index + 1}`, id: recordId(module, index) };
  };
  return {
    value(module, field, index) {
      const random = randomFor(seed, index, saltOf(module, field.ordinal));
      if (
        !field.mandatory &&
        field.dataType !== 'boolean' &&
        field.dataType !== 'ownerlookup' &&
        random() < EMPTY_SHARE
      )
        return null;
      return special(field, random, index) ?? byType(field, random, target);
    },
    times(module, index) {
      const random = randomFor(seed, index, saltOf(module, TIME_SALT));
      const createdMs = FIRST_DAY_MS + below(random, CREATED_SPAN_SECONDS) * 1000;
      return { createdMs, modifiedMs: createdMs + below(random, MODIFIED_SPAN_SECONDS) * 1000 };
    },
    user: (module, index) => pick(randomFor(seed, index, saltOf(module, TIME_SALT + 1)), users),
  };
}

function special(field: Field, random: Random, index: number): Value | undefined {
  switch (field.apiName) {
    case 'First_Name':
      return pick(random, phrases.firstNames);
    case 'Last_Name':
      return pick(random, phrases.lastNames);
    case 'Company':
      return `${pick(random, phrases.companies)} ${pick(random, phrases.companyForms)}`;
    case 'Street':
      return random() < 0.1
        ? `c/o "Empfang", 2. OG\n${pick(random, phrases.streets)}`
        : pick(random, phrases.streets);
    case 'City':
      return pick(random, phrases.cities);
    case 'Zip_Code':
      return digits(random, 5);
    case 'Tag':
      return pick(random, phrases.tagSets).map((name) => ({
        name,
        id: `5725767000000${phrases.tagId(name)}`,
      }));
    case 'Budget':
      return money(random, 12, 9);
    case 'Record_Status__s':
      return 'Available';
    case 'Name':
    case 'Campaign_Name':
      return `${pick(random, phrases.companies)} №${index + 1}`;
    default:
      return undefined;
  }
}

/** Up to `whole` digits before the point and exactly as many after it as the field shows. */
function money(random: Random, whole: number, places: number): string {
  const size = 1 + below(random, whole);
  const head = digits(random, size).replace(/^0+(?=\d)/, '');
  const tail = digits(random, places).replace(/0+$/, '');
  const text = tail === '' ? head : `${head}.${tail}`;
  return random() < 0.1 && !/^[0.]+$/.test(text) ? `-${text}` : text;
}

function byType(field: Field, random: Random, target: (field: Field, random: Random) => Value): Value {
  switch (field.formulaReturn ?? field.dataType) {
    case 'boolean':
      return random() < 0.3;
    case 'integer':
      return String(below(random, 100_000));
    case 'bigint':
      return `${1 + below(random, 9)}${digits(random, 17)}`;
    case 'double':
      return money(random, 6, field.decimalPlace ?? 2);
    case 'percent':
      return money(random, 2, field.decimalPlace ?? 2).replace('-', '');
    case 'currency':
      return money(random, 13, field.decimalPlace ?? 2);
    case 'date':
      return utcText(FIRST_DAY_MS + below(random, 1_500) * DAY_SECONDS * 1000).slice(0, 10);
    case 'datetime':
      return utcText(FIRST_DAY_MS + below(random, CREATED_SPAN_SECONDS) * 1000);
    case 'ownerlookup':
      return { ...pick(random, users) };
    case 'lookup':
      return target(field, random);
    case 'picklist':
      return pick(random, field.picklist);
    case 'multiselectpicklist':
      return chosen(random, field.picklist);
    case 'email':
      return `user.${digits(random, 6)}@example.com`;
    case 'phone':
      return `+49 ${digits(random, 3)} ${digits(random, 7)}`;
    case 'website':
      return `https://www.example.com/${digits(random, 5)}?q=a,b&x="1"`;
    case 'textarea':
      return field.rich ? richText(random) : longText(random);
    case 'address':
      return { street: pick(random, phrases.streets), city: pick(random, phrases.cities) };
    case 'fileupload':
      return [{ file_Name: 'Angebot.pdf', id: `57257670000${digits(random, 8)}` }];
    case 'multiselectlookup':
      return [{ id: `57257670000${digits(random, 8)}`, Related_People: target(field, random) }];
    case 'subform':
      return [{ id: `57257670000${digits(random, 8)}`, Quantity: String(below(random, 9)) }];
    default:
      return pick(random, phrases.shortTexts);
  }
}

function chosen(random: Random, from: readonly string[]): Value {
  const some = from.filter(() => random() < 0.4);
  return some.length === 0 ? null : some;
}

function longText(random: Random): string {
  const parts = 1 + below(random, random() < 0.01 ? 200 : 4);
  return Array.from({ length: parts }, () => pick(random, phrases.sentences)).join(
    pick(random, phrases.joints),
  );
}

function richText(random: Random): string {
  const parts = 1 + below(random, random() < 0.2 ? 20 : 3);
  return Array.from({ length: parts }, () => `<p style="x">${pick(random, phrases.sentences)}</p>`).join(
    '<br>\n',
  );
}
