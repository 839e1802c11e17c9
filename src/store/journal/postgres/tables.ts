/** Of the tables. A database with another one is not touched. */
export const schemaVersion = 2

/**
 * compositions §10.3, as in SQLite but for values, which stay in their columns whatever their size (PostgreSQL stores long
 * ones apart by itself). JSON is kept as text: `jsonb` refuses some of it.
 */
export const tables = `
  CREATE SCHEMA IF NOT EXISTS postern;
  CREATE TABLE IF NOT EXISTS postern.meta (id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1), version integer NOT NULL);
  INSERT INTO postern.meta (version) VALUES (${schemaVersion}) ON CONFLICT DO NOTHING;
  CREATE TABLE IF NOT EXISTS postern.plan (digest text PRIMARY KEY, plan text NOT NULL);
  CREATE TABLE IF NOT EXISTS postern.run (
    id text PRIMARY KEY, key text UNIQUE, tool text NOT NULL, version text, plan text NOT NULL,
    registry text NOT NULL, principal text NOT NULL, input text NOT NULL, input_digest text NOT NULL,
    status text NOT NULL, reason text, owner text, epoch integer NOT NULL, lease_until bigint,
    recoveries integer NOT NULL, deadline bigint, result text, trace text,
    created bigint NOT NULL, updated bigint NOT NULL);
  CREATE INDEX IF NOT EXISTS run_open ON postern.run (created)
    WHERE status IN ('running', 'waiting', 'compensating');
  CREATE INDEX IF NOT EXISTS run_owner ON postern.run (owner)
    WHERE status IN ('running', 'waiting', 'compensating', 'parked');
  CREATE INDEX IF NOT EXISTS run_status ON postern.run (status, created);
  CREATE INDEX IF NOT EXISTS run_created ON postern.run (created, id);
  CREATE TABLE IF NOT EXISTS postern.event (
    run text NOT NULL, seq integer NOT NULL, step text NOT NULL, kind text NOT NULL,
    attempt integer, data text NOT NULL, t bigint NOT NULL, PRIMARY KEY (run, seq));
  CREATE TABLE IF NOT EXISTS postern.tomb (
    key text PRIMARY KEY, id text NOT NULL, input_digest text NOT NULL, status text NOT NULL,
    ended bigint NOT NULL);
  CREATE INDEX IF NOT EXISTS tomb_ended ON postern.tomb (ended);
  CREATE TABLE IF NOT EXISTS postern.once (
    key text PRIMARY KEY, run text NOT NULL, step text NOT NULL, scope text NOT NULL,
    outcome text, until bigint);
  CREATE INDEX IF NOT EXISTS once_until ON postern.once (until) WHERE outcome IS NOT NULL;
  CREATE TABLE IF NOT EXISTS postern.want (run text PRIMARY KEY, owner text NOT NULL, lease_until bigint NOT NULL);
`

/** Of the runs that somebody has to drive, or to answer. */
export const isOpenRow = "status IN ('running', 'waiting', 'compensating')"
export const isUnfinishedRow = "status IN ('running', 'waiting', 'compensating', 'parked')"
