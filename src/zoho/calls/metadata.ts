// Modules and fields as Zoho describes them. Keeps only what a mirror needs and knows no columns.
// Keys: zoho-api, fields metadata (§3.5) and modules metadata (§3.6).
import { z } from 'zod';
import { moduleName, type Api } from './api';
import { credits } from '../credits/prices';
import { readAs, text, wholeNumber } from '../wire/json';
import type { Field } from '../../mirror/field';
import type { ZohoModule } from '../client';

const modulesShape = z.object({
  modules: z.array(z.object({ api_name: text, api_supported: z.boolean().nullish() })),
});

const returnType = z.object({ return_type: text.nullish() }).nullish().catch(undefined);
const lookup = z
  .object({ module: z.object({ api_name: text.nullish() }).nullish() })
  .nullish()
  .catch(undefined);
const fieldShape = z.object({
  api_name: text,
  data_type: text,
  length: wholeNumber.nullish(),
  decimal_place: wholeNumber.nullish(),
  formula: returnType,
  rollup_summary: returnType,
  lookup,
  textarea: z.object({ type: text.nullish() }).nullish().catch(undefined),
  pick_list_values: z
    .array(z.object({ actual_value: text.nullish(), display_value: text.nullish() }))
    .nullish(),
});
const fieldsShape = z.object({ fields: z.array(fieldShape) });

/** Every module of the org that metadata lists. */
export async function readModules(api: Api, signal?: AbortSignal): Promise<ZohoModule[]> {
  const route = 'modules';
  const path = `/crm/${api.version}/settings/modules`;
  const { body } = await api.call({ route, method: 'GET', path, credits: credits.ordinary, signal });
  if (body === undefined) return [];
  return readAs(modulesShape, body, route).modules.map((module) => ({
    apiName: module.api_name,
    apiSupported: module.api_supported ?? false,
  }));
}

/** The fields of a module, of all layouts together. Throws refused INVALID_MODULE. Empty for a module without fields. */
export async function readFields(api: Api, module: string, signal?: AbortSignal): Promise<Field[]> {
  const route = 'fields';
  const { body } = await api.call({
    route,
    method: 'GET',
    path: `/crm/${api.version}/settings/fields`,
    query: { module: moduleName(module) },
    credits: credits.ordinary,
    signal,
  });
  return body === undefined ? [] : readAs(fieldsShape, body, route).fields.map(fieldOf);
}

function fieldOf(field: z.infer<typeof fieldShape>): Field {
  const type = field.formula?.return_type ?? field.rollup_summary?.return_type;
  const lookupModule = field.lookup?.module?.api_name;
  return {
    apiName: field.api_name,
    dataType: field.data_type,
    ...(typeof field.length === 'number' ? { length: field.length } : {}),
    ...(typeof field.decimal_place === 'number' ? { decimalPlaces: field.decimal_place } : {}),
    ...(type ? { returnType: type } : {}),
    ...(lookupModule ? { lookupModule } : {}),
    options: (field.pick_list_values ?? []).flatMap(
      (value) => value.actual_value ?? value.display_value ?? [],
    ),
    richText: field.textarea?.type?.startsWith('rich') ?? false,
  };
}
