/** The part of sql.js that is used here; the package ships no types. */
declare module "sql.js" {
  export interface Statement {
    bind(values: readonly (string | number)[]): boolean;
    step(): boolean;
    get(): (string | number | bigint | Uint8Array | null)[];
    free(): boolean;
  }
  export interface Database {
    prepare(sql: string, values?: readonly (string | number)[]): Statement;
    close(): void;
  }
  export default function initSqlJs(): Promise<{ Database: new (bytes: Uint8Array) => Database }>;
}
