-- Endpoints that events are sent to, and how far each was sent them.
-- Loses: all webhooks with their secrets, and what they were sent.

-- +goose Up
CREATE TABLE paceboard.webhooks (
    webhook_id     text COLLATE "C" PRIMARY KEY,
    owner          text COLLATE "C",
    competition_id text COLLATE "C",
    url            text NOT NULL,
    secret         bytea NOT NULL,
    old_secret     bytea,
    old_until      timestamptz,
    created_at     timestamptz NOT NULL,
    disabled_at    timestamptz,
    reason         text NOT NULL,
    version        bigint NOT NULL CHECK (version > 0),
    CHECK (owner IS NULL OR competition_id IS NOT NULL)
);
CREATE INDEX webhooks_of ON paceboard.webhooks (owner, webhook_id) WHERE owner IS NOT NULL;
CREATE INDEX webhooks_about ON paceboard.webhooks (competition_id) WHERE disabled_at IS NULL;
COMMENT ON TABLE paceboard.webhooks IS 'Endpoints of other systems that events are sent to.';
COMMENT ON COLUMN paceboard.webhooks.owner IS 'the creator of the competition, who is told less; null for the operators';
COMMENT ON COLUMN paceboard.webhooks.competition_id IS 'null for all competitions';
COMMENT ON COLUMN paceboard.webhooks.secret IS 'the key of the signatures, as it is: messages cannot be signed with less';
COMMENT ON COLUMN paceboard.webhooks.old_secret IS 'signs, too, until old_until';
COMMENT ON COLUMN paceboard.webhooks.disabled_at IS 'since when nothing is sent; null while events are';
COMMENT ON COLUMN paceboard.webhooks.version IS 'how often it was written: whoever writes it names the version that was read';

CREATE TABLE paceboard.webhook_cursors (
    webhook_id     text COLLATE "C" NOT NULL REFERENCES paceboard.webhooks ON DELETE CASCADE,
    competition_id text COLLATE "C" NOT NULL,
    seq            bigint NOT NULL CHECK (seq >= 0),
    version        bigint NOT NULL CHECK (version > 0),
    delivered_at   timestamptz,
    attempts       integer NOT NULL DEFAULT 0,
    failing_since  timestamptz,
    next_at        timestamptz,
    error          text NOT NULL DEFAULT '',
    PRIMARY KEY (webhook_id, competition_id)
) WITH (fillfactor = 70);
CREATE INDEX webhook_cursors_failing ON paceboard.webhook_cursors (failing_since) WHERE failing_since IS NOT NULL;
COMMENT ON TABLE paceboard.webhook_cursors IS
    'How far each endpoint was sent the events of a competition. Without a row it was sent none. Retention keeps what comes after the cursor of an endpoint that is not disabled.';
COMMENT ON COLUMN paceboard.webhook_cursors.seq IS 'up to which the journal was looked through, and what is told of it was taken';
COMMENT ON COLUMN paceboard.webhook_cursors.attempts IS 'in a row that failed at the next event';
COMMENT ON COLUMN paceboard.webhook_cursors.next_at IS 'before which it is not looked at again';

-- +goose Down
DROP TABLE paceboard.webhook_cursors;
DROP TABLE paceboard.webhooks;
