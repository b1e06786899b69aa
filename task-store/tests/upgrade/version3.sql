-- A database as a host of schema version 3 left it: one task that completed, one that is worked on.

CREATE TABLE attache_schema (version BIGINT PRIMARY KEY);
CREATE TABLE attache_task (tenant TEXT NOT NULL, owner TEXT NOT NULL, id TEXT NOT NULL, context_id TEXT NOT NULL, state BIGINT NOT NULL, status_time BIGINT NOT NULL, newest BIGINT NOT NULL, bytes BIGINT NOT NULL, tail_after BIGINT NOT NULL, tail_start BIGINT NOT NULL, task_bytes BIGINT NOT NULL, artifacts_bytes BIGINT NOT NULL, fence BIGINT NOT NULL, lease_until BIGINT NOT NULL, cancel BIGINT NOT NULL, push BIGINT NOT NULL DEFAULT 0, checkpoint BIGINT NOT NULL DEFAULT 0, dispatched BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (tenant, owner, id)) WITHOUT ROWID;
CREATE INDEX attache_task_by_time ON attache_task (tenant, owner, status_time DESC, id DESC);
CREATE INDEX attache_task_by_context ON attache_task (tenant, owner, context_id, status_time DESC, id DESC);
CREATE INDEX attache_task_by_state ON attache_task (tenant, owner, state, status_time DESC, id DESC);
CREATE INDEX attache_task_by_context_and_state ON attache_task (tenant, owner, context_id, state, status_time DESC, id DESC);
CREATE INDEX attache_task_by_lease ON attache_task (lease_until) WHERE lease_until > 0;
CREATE TABLE attache_snapshot (tenant TEXT NOT NULL, owner TEXT NOT NULL, task_id TEXT NOT NULL, task BLOB NOT NULL, artifacts BLOB , PRIMARY KEY (tenant, owner, task_id));
CREATE TABLE attache_event (tenant TEXT NOT NULL, owner TEXT NOT NULL, task_id TEXT NOT NULL, number BIGINT NOT NULL, start BIGINT NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (tenant, owner, task_id, number));
CREATE TABLE attache_message (tenant TEXT NOT NULL, owner TEXT NOT NULL, message_id TEXT NOT NULL, digest BLOB NOT NULL, task_id TEXT NOT NULL, created BIGINT NOT NULL, PRIMARY KEY (tenant, owner, message_id, digest)) WITHOUT ROWID;
CREATE INDEX attache_message_by_age ON attache_message (created);
CREATE TABLE attache_counter (tenant TEXT NOT NULL, owner TEXT NOT NULL, state BIGINT NOT NULL, shard BIGINT NOT NULL, total BIGINT NOT NULL, PRIMARY KEY (tenant, owner, state, shard)) WITHOUT ROWID;
CREATE TABLE attache_state (tenant TEXT NOT NULL, owner TEXT NOT NULL, context_id TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, updated BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (tenant, owner, context_id, name));
CREATE TABLE attache_push (tenant TEXT NOT NULL, owner TEXT NOT NULL, task_id TEXT NOT NULL, id TEXT NOT NULL, url TEXT NOT NULL, token TEXT , scheme TEXT , credentials TEXT , protocol_version TEXT NOT NULL, PRIMARY KEY (tenant, owner, task_id, id));
CREATE TABLE attache_outbox (tenant TEXT NOT NULL, owner TEXT NOT NULL, task_id TEXT NOT NULL, config_id TEXT NOT NULL, next BIGINT NOT NULL, newest BIGINT NOT NULL, attempts BIGINT NOT NULL, due BIGINT NOT NULL, fence BIGINT NOT NULL, since BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (tenant, owner, task_id, config_id)) WITHOUT ROWID;
CREATE INDEX attache_outbox_by_due ON attache_outbox (due);
CREATE INDEX attache_task_by_end ON attache_task (status_time) WHERE state IN (3, 4, 5, 7);
CREATE TABLE attache_checkpoint (tenant TEXT NOT NULL, owner TEXT NOT NULL, task_id TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (tenant, owner, task_id));
CREATE TABLE attache_dispatch (token TEXT NOT NULL, tenant TEXT NOT NULL, owner TEXT NOT NULL, task_id TEXT NOT NULL, created BIGINT NOT NULL, PRIMARY KEY (token)) WITHOUT ROWID;
CREATE INDEX attache_dispatch_by_age ON attache_dispatch (created);
CREATE TABLE attache_dead_letter (tenant TEXT NOT NULL, owner TEXT NOT NULL, task_id TEXT NOT NULL, config_id TEXT NOT NULL, oldest BIGINT NOT NULL, newest BIGINT NOT NULL, reason TEXT NOT NULL, died BIGINT NOT NULL, PRIMARY KEY (tenant, owner, task_id, config_id));
CREATE INDEX attache_dead_letter_by_age ON attache_dead_letter (died);
CREATE INDEX attache_state_by_age ON attache_state (updated);

INSERT INTO attache_schema VALUES (1), (2), (3);
INSERT INTO attache_task VALUES
    ('t', 'o', 'done', 'c', 3, 1800000000001, 2, 12, 2, 12, 12, 4, 1, 0, 0, 0, 0, 0),
    ('t', 'o', 'open', 'c', 2, 1800000000002, 2, 12, 1, 6, 12, 0, 7, 1800000060000, 0, 0, 5, 0);
INSERT INTO attache_snapshot VALUES
    ('t', 'o', 'done', CAST('{"of":"end"}' AS BLOB), CAST('[{}]' AS BLOB)),
    ('t', 'o', 'open', CAST('{"of":"one"}' AS BLOB), NULL);
INSERT INTO attache_event VALUES
    ('t', 'o', 'done', 1, 0, CAST('first ' AS BLOB)),
    ('t', 'o', 'done', 2, 6, CAST('second' AS BLOB)),
    ('t', 'o', 'open', 1, 0, CAST('first ' AS BLOB)),
    ('t', 'o', 'open', 2, 6, CAST('second' AS BLOB));
INSERT INTO attache_message VALUES
    ('t', 'o', 'm', X'00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF', 'done', 1800000000000);
INSERT INTO attache_counter VALUES ('t', 'o', 3, 0, 1), ('t', 'o', 2, 1, 1);
INSERT INTO attache_checkpoint VALUES ('t', 'o', 'open', CAST('there' AS BLOB));
