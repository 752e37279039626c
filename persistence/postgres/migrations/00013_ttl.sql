-- How long each node may be silent.
-- Loses: how long each node may be silent, so that all must be restarted with the same CLUSTER_LEASE.

-- +goose Up
ALTER TABLE paceboard.nodes ADD COLUMN ttl_ms integer NOT NULL DEFAULT 0 CHECK (ttl_ms >= 0);
COMMENT ON COLUMN paceboard.nodes.ttl_ms IS
    'how long its beat must stand still before the others count it as dead (its CLUSTER_LEASE); 0 for a process that is alone';

-- +goose Down
ALTER TABLE paceboard.nodes DROP COLUMN ttl_ms;
