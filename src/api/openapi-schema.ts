/** A JSON Schema (2020-12, as OpenAPI 3.1 has it), as far as we use it. */
export type Schema = {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly enum?: readonly (string | null)[]
  readonly const?: string | boolean
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: false
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly $ref?: string
}

/** A schema for each key of a type: a key that is added must be described. */
export type Described<T> = { readonly [key in keyof T]-?: Schema }

/** An object with exactly these keys. */
export function object<T>(properties: Described<T>, description?: string): Schema {
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  }
}

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })
export const list = (items: Schema, description?: string): Schema => ({
  type: 'array',
  ...(description === undefined ? {} : { description }),
  items,
})
export const text = (description: string): Schema => ({ type: 'string', description })
export const flag = (description: string): Schema => ({ type: 'boolean', description })
export const number = (description: string): Schema => ({ type: 'number', description })
export const whole = (description: string): Schema => ({
  type: 'integer',
  description,
  minimum: 0,
})
export const between = (minimum: number, maximum: number, description: string): Schema => ({
  ...number(description),
  minimum,
  maximum,
})
export const oneOf = (values: readonly string[], description: string): Schema => ({
  type: 'string',
  enum: values,
  description,
})
export const time = (description: string): Schema => whole(`${description}, epoch ms`)
export const dollars = (description: string): Schema => number(`${description}, dollars`)

/** The same, or null. */
export function orNull(schema: Schema): Schema {
  if (schema.$ref !== undefined) return { anyOf: [schema, { type: 'null' }] }
  const values = schema.enum === undefined ? {} : { enum: [...schema.enum, null] }
  return { ...schema, type: [schema.type as string, 'null'], ...values }
}
