// Settings: modules, fields, organisation and users; it never changes anything.
import type { FastifyInstance } from 'fastify';
import type { Context } from '../context';
import { users } from '../generator';
import { paramOf, queryOf, sendJson, sendNothing, tableNamed } from '../http';
import type { Field, Module } from '../types';

export function metadataRoutes(app: FastifyInstance, context: Context): void {
  app.get(
    '/crm/:version/settings/modules',
    { config: { name: 'settings.modules' } },
    async (_request, reply) =>
      sendJson(
        reply,
        JSON.stringify({ modules: context.crm.modules.map((module) => moduleJson(module, context)) }),
      ),
  );
  app.get(
    '/crm/:version/settings/modules/:module',
    { config: { name: 'settings.modules' } },
    async (request, reply) => {
      const { module } = tableNamed(context, paramOf(request, 'module'));
      return sendJson(reply, JSON.stringify({ modules: [moduleJson(module, context)] }));
    },
  );
  app.get(
    '/crm/:version/settings/fields',
    { config: { name: 'settings.fields' } },
    async (request, reply) => {
      const { module } = tableNamed(context, queryOf(request).module ?? '');
      if (module.fields.length === 0) return sendNothing(reply);
      const shown = module.fields.map((field) => fieldJson(field, context));
      return sendJson(reply, JSON.stringify({ fields: shown }));
    },
  );
  app.get('/crm/:version/org', { config: { name: 'org' } }, async (_request, reply) => {
    const org = {
      id: '5725767000000000001',
      company_name: 'Simulated Ltd',
      time_zone: context.options.timeZone,
    };
    return sendJson(reply, JSON.stringify({ org: [{ ...org, currency: 'US Dollar', iso_code: 'USD' }] }));
  });
  app.get('/crm/:version/users', { config: { name: 'users' } }, async (_request, reply) => {
    const shown = users.map((user) => ({
      id: user.id,
      full_name: user.name,
      email: user.email,
      status: 'active',
    }));
    const page = { per_page: 200, count: shown.length, page: 1, more_records: false };
    return sendJson(reply, JSON.stringify({ users: shown, info: page }));
  });
}

function moduleJson(module: Module, context: Context): unknown {
  return {
    id: module.id,
    api_name: module.apiName,
    module_name: module.apiName,
    singular_label: module.label,
    plural_label: module.label,
    api_supported: module.apiSupported,
    generated_type: module.generatedType,
    creatable: true,
    editable: true,
    deletable: true,
    viewable: true,
    recycle_bin_on_delete: true,
    parent_module: {},
    status: 'visible',
    modified_time: context.zone.text(Date.UTC(2024, 0, 2)),
  };
}

function fieldJson(field: Field, context: Context): unknown {
  return {
    id: field.id,
    api_name: field.apiName,
    field_label: field.label,
    display_label: field.label,
    data_type: field.dataType,
    json_type: field.jsonType,
    length: field.length,
    decimal_place: field.decimalPlace,
    system_mandatory: field.mandatory,
    custom_field: field.custom,
    visible: true,
    read_only: field.readOnly,
    field_read_only: field.readOnly,
    virtual_field: false,
    unique: {},
    lookup: lookupJson(field, context),
    multiselectlookup: field.dataType === 'multiselectlookup' ? { linking_module: 'LinkingModule1' } : {},
    subform: null,
    associated_module: null,
    formula:
      field.formulaReturn === null
        ? {}
        : { return_type: field.formulaReturn, expression: '${Leads.Score} * 2' },
    rollup_summary: {},
    currency:
      field.dataType === 'currency' ? { rounding_option: 'normal', precision: field.decimalPlace } : {},
    pick_list_values: field.picklist.map((label, index) => ({
      display_value: label,
      actual_value: label,
      reference_value: label,
      id: `${field.id.slice(0, -3)}${String(500 + index)}`,
      type: 'used',
      sequence_number: index + 1,
    })),
    textarea: field.dataType === 'textarea' ? { type: field.rich ? 'rich_text' : 'large' } : null,
    crypt: null,
    private: null,
    hipaa_compliance: null,
    modified_time: null,
  };
}

function lookupJson(field: Field, context: Context): unknown {
  if (field.lookupModule === null || field.dataType !== 'lookup') return {};
  const module = context.crm.find(field.lookupModule)?.module;
  return { module: { api_name: field.lookupModule, id: module?.id ?? null }, display_label: field.label };
}
