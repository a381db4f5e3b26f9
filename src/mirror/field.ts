// A field of a Zoho module as its metadata describes it.

export interface Field {
  apiName: string;
  dataType: string;
  length?: number;
  decimalPlaces?: number;
  /** `formula.return_type` or the roll-up's. */
  returnType?: string;
  /** Where a lookup leads. */
  lookupModule?: string;
  /** Actual values of a pick list. */
  options: string[];
  /** Lists cut it to 500 characters. */
  richText: boolean;
}

/** A value in Zoho's JSON; a number is its exact source text. */
export type JsonValue = string | boolean | null | JsonValue[] | { [key: string]: JsonValue };
