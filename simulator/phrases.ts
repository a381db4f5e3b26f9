// Words and sentences that records are made of, chosen to break naive readers; it is a table and never code.

export const firstNames = [
  'Anna',
  'José',
  'Zoë',
  'Łukasz',
  '美咲',
  'Søren',
  "D'Arcy",
  'Иван',
  'أمينة',
  'Mary Ann',
];
export const lastNames = [
  'Müller',
  "O'Neill",
  'García',
  'Nguyễn',
  '山田',
  'Smith, Jr.',
  'von der "Heide"',
  'Østergård',
  'Ivanov',
];
export const companies = [
  'Acme',
  'Bäckerei Süß',
  'Foo & Bar',
  'Contoso',
  'Tyrell "X"',
  '株式会社テスト',
  'Émile et Fils',
  'A, B & C',
];
export const companyForms = ['GmbH', 'Inc.', 'Ltd', 'S.à r.l.', 'K.K.', ''];
export const streets = [
  'Hauptstraße 1',
  '12 Rue de l’Église',
  '5th Ave, Suite 7',
  'Łódzka 44/2',
  'Nørregade 3;B',
];
export const cities = ['Zürich', 'Málaga', 'København', '東京', 'San José', 'Köln', 'Kraków'];
export const tagSets: readonly (readonly string[])[] = [
  ['VIP'],
  ['VIP', 'Messe 2024'],
  ['übergeben'],
  ['hot', 'cold', '🔥'],
  ['=SUM(A1)'],
];
export const shortTexts = [
  'alpha',
  '@beta',
  'Ünïcödé',
  '0042',
  'NULL',
  '  spaced  ',
  '1e5',
  'line\nbreak',
  '-',
  '"quoted"',
  '😀 smile',
  "'; --",
];
export const sentences = [
  'Called twice, left a message.',
  'He said: "send the offer, please".',
  'Größe & Maß: 5 µm ≤ x ≤ 7 µm.',
  '会議は来週です。',
  'Emoji 👩‍👩‍👧‍👦 and 🏳️‍🌈 and e\u0301.',
  'Tabs\tand back\\slash, and a comma,',
  'Ends with a quote"',
  '=HYPERLINK("http://example.com")',
  'Mixed עברית and العربية.',
];
export const joints = ['\n', '\r\n', ' ', '\n\n'];

export function tagId(name: string): string {
  let sum = 7;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_000;
  return String(sum).padStart(6, '0');
}
