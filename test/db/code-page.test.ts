// What the code pages of old servers hold.
import { bytesIn } from '../../src/db/table/code-page';

test.each<[number, string, number | undefined]>([
  [1252, 'Zoë € œ', 7],
  [1252, '東', undefined],
  [1252, '🎉', undefined],
  [1250, 'Łódź', 4],
  [1250, 'ñ', undefined],
  [1251, 'Привет', 6],
  [1253, 'Ω', 1],
  [437, 'é░', 2],
  [437, '€', undefined],
  [850, 'ÃÑ', 2],
  [932, '東京A', 5],
  [932, 'ｱ', 1],
  [936, '汉字€', 5],
  [949, '한글', 4],
  [950, '漢字', 4],
  [65001, 'Zoë 🎉', 9],
  [12345, 'plain', 5],
  [12345, 'ë', undefined],
])('code page %i takes %s in %p bytes', (codePage, text, bytes) => {
  expect(bytesIn(codePage, text)).toBe(bytes);
});
