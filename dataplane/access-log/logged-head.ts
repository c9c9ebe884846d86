/** What a line tells of a request's head: places in its bytes. */
export interface LoggedHead {
  methodStart: number;
  methodEnd: number;
  hostStart: number;
  hostEnd: number;
  pathStart: number;
  pathEnd: number;
  /** Without the question mark; empty where the query is not told. */
  queryStart: number;
  queryEnd: number;
  /** Of the version. */
  minor: number;
}
