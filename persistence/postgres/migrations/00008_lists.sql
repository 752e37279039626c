-- Lists by index: what is listed, what is due, and which ties are open.

-- +goose Up
DROP INDEX paceboard.competitions_status;
CREATE INDEX competitions_listed ON paceboard.competitions (visibility, status, start_at, competition_id);
CREATE INDEX competitions_ends ON paceboard.competitions (status, end_at);

ALTER TABLE paceboard.competitions ADD COLUMN kept_until timestamptz;
COMMENT ON COLUMN paceboard.competitions.kept_until IS
    'when time drops what was decided about erased people, once the competition is completed; null if it does not';

-- In UTC and without a time zone, since adding to a time with one depends on the session.
ALTER TABLE paceboard.competitions ADD COLUMN due_at timestamp GENERATED ALWAYS AS (
    CASE status
        WHEN 'upcoming' THEN start_at AT TIME ZONE 'UTC'
        WHEN 'active' THEN end_at AT TIME ZONE 'UTC'
        WHEN 'finalizing' THEN end_at AT TIME ZONE 'UTC' + late_sync_hours * interval '1 hour'
        WHEN 'completed' THEN kept_until AT TIME ZONE 'UTC'
    END) STORED;
CREATE INDEX competitions_due ON paceboard.competitions (due_at, competition_id) WHERE due_at IS NOT NULL;
COMMENT ON COLUMN paceboard.competitions.due_at IS
    'when time next changes the status, or drops what was decided about erased people, in UTC; null if it never will';

ALTER TABLE paceboard.memberships ADD COLUMN over boolean NOT NULL DEFAULT false, ADD COLUMN over_start timestamptz;
CREATE INDEX memberships_open ON paceboard.memberships (user_id, competition_id) WHERE NOT over AND (present OR creator);
CREATE INDEX memberships_over ON paceboard.memberships (user_id, over_start, competition_id) WHERE over_start IS NOT NULL;
COMMENT ON COLUMN paceboard.memberships.over IS
    'somebody found that the competition is over: nothing changes any more. An end costs nothing for each member, so this may come late';
COMMENT ON COLUMN paceboard.memberships.over_start IS 'the start of a private competition that is over, for the member''s lists';

-- +goose Down
-- Loses: when to drop what was decided about erased people, which then stays until its competition is next used; all else, which lists and the clock read, migrating up fills again.
DROP INDEX paceboard.memberships_over, paceboard.memberships_open;
ALTER TABLE paceboard.memberships DROP COLUMN over_start, DROP COLUMN over;
DROP INDEX paceboard.competitions_due, paceboard.competitions_ends, paceboard.competitions_listed;
ALTER TABLE paceboard.competitions DROP COLUMN due_at, DROP COLUMN kept_until;
CREATE INDEX competitions_status ON paceboard.competitions (status, end_at);
