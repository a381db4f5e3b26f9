// What is read of a notification, and what is not believed.
import { readNotification } from '../../src/api/notification';

/** As Zoho posts it. */
const posted = {
  server_time: 1718117126473,
  query_params: {},
  module: 'Leads',
  resource_uri: 'https://www.zohoapis.com/crm/v2/Leads',
  ids: ['5725767000003000064'],
  affected_fields: [],
  affected_values: [{ record_id: '5725767000003000064', values: { Mobile: '123456789' } }],
  operation: 'insert',
  channel_id: '1000000068001',
  token: 'secret',
};

test.each([
  ['insert', 'insert'],
  ['update', 'update'],
  ['delete', 'delete'],
  ['create', 'insert'],
  ['edit', 'update'],
  ['restore', 'unknown'],
  [undefined, 'unknown'],
])('trap 6: %s is heard as %s, whichever word Zoho uses, and no word drops the ids', (operation, heard) => {
  expect(readNotification({ ...posted, operation })).toEqual({
    module: 'Leads',
    ids: ['5725767000003000064'],
    operation: heard,
  });
});

test.each([[[]], [[{ '5725767000003000064': ['Mobile'] }]], [undefined]])(
  'trap 8: the record is to be read whole, whatever fields are named: %j',
  (affected_fields) => {
    expect(readNotification({ ...posted, affected_fields })?.ids).toEqual(['5725767000003000064']);
  },
);

test('trap 9: neither the address of another API version, nor the time of sending, nor a value goes on', () => {
  expect(readNotification(posted)).toEqual({
    module: 'Leads',
    ids: ['5725767000003000064'],
    operation: 'insert',
  });
});
