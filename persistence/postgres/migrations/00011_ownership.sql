-- Which process owns which competition, and may write it.
-- Loses: which process owns which competition, and the table of processes; stop all servers first.

-- +goose Up
CREATE TABLE paceboard.nodes (
    node_id      text COLLATE "C" PRIMARY KEY CHECK (node_id ~ '^[A-Za-z0-9._-]{1,53}$'),
    address      text NOT NULL,
    wire_version integer NOT NULL,
    level        integer NOT NULL,
    beat         bigint NOT NULL DEFAULT 0,
    state        text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'leaving', 'dead')),
    started_at   timestamptz NOT NULL DEFAULT now(),
    seen_at      timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
CREATE INDEX nodes_alive ON paceboard.nodes (node_id) WHERE state <> 'dead';
COMMENT ON TABLE paceboard.nodes IS
    'The processes that use, or used, the database; an id is new for each start. The application_name of their sessions is paceboard and the id.';
COMMENT ON COLUMN paceboard.nodes.node_id IS 'at most 53 characters, because the server cuts an application_name off after 63';
COMMENT ON COLUMN paceboard.nodes.address IS 'where the other nodes of a cluster reach it; empty for a process that is alone';
COMMENT ON COLUMN paceboard.nodes.level IS 'of the events that it understands; see format';
COMMENT ON COLUMN paceboard.nodes.beat IS 'how often it has said that it lives; a process that is alone says nothing';
COMMENT ON COLUMN paceboard.nodes.state IS 'a dead node stays dead: other nodes may take its competitions, and a new start has a new id';
COMMENT ON COLUMN paceboard.nodes.seen_at IS 'when it last said so';

ALTER TABLE paceboard.heads
    ADD COLUMN owner text COLLATE "C" REFERENCES paceboard.nodes,
    ADD COLUMN epoch bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN paceboard.heads.owner IS 'the node that alone may write the competition; null if none may';
COMMENT ON COLUMN paceboard.heads.epoch IS 'how often the competition was claimed: a write names the claim that it belongs to';
CREATE INDEX heads_owned ON paceboard.heads (owner) WHERE owner IS NOT NULL;

-- Programs of a version that knows no owners would write beside them.
-- +goose StatementBegin
CREATE FUNCTION paceboard.refuse_unnamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'this session has not said which node it belongs to (paceboard.node): stop this program, which is older than the database, and run the newer one'
        USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER named_nodes_only BEFORE INSERT OR UPDATE ON paceboard.heads FOR EACH STATEMENT
    WHEN (nullif(current_setting('paceboard.node', true), '') IS NULL)
    EXECUTE FUNCTION paceboard.refuse_unnamed();

CREATE VIEW paceboard.ownership AS
    SELECT h.competition_id, h.owner, h.epoch, n.state, n.address, n.beat, n.seen_at
    FROM paceboard.heads h
    LEFT JOIN paceboard.nodes n ON n.node_id = h.owner;
COMMENT ON VIEW paceboard.ownership IS 'Which node owns each competition. Without an owner, or with a dead one, the next request about it gives it one.';

-- +goose Down
DROP VIEW paceboard.ownership;
DROP TRIGGER named_nodes_only ON paceboard.heads;
DROP FUNCTION paceboard.refuse_unnamed;
ALTER TABLE paceboard.heads DROP COLUMN epoch, DROP COLUMN owner;
DROP TABLE paceboard.nodes;
