package postgres

import (
	"context"
	"errors"
	"fmt"
)

// mayMigrateSQL says whether the role may make the schema, or change the one that is there.
const mayMigrateSQL = `
SELECT CASE WHEN EXISTS (SELECT FROM pg_namespace WHERE nspname = 'paceboard')
  THEN pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = 'paceboard'), 'USAGE')
  ELSE has_database_privilege(current_database(), 'CREATE') END`

// CheckOpen finds out whether [Open] would work with the same options, and whether a
// cluster would admit the node, and changes nothing. migrates is true if Open would bring
// the schema up to date first. It holds the database's lock for a moment, so that a
// process that holds it is found. The errors are those of Open, and ErrWireVersion.
func CheckOpen(ctx context.Context, o Options) (migrates bool, err error) {
	read := o
	read.ReadOnly = true
	err = inPlace(ctx, o.URL, o.Cluster != nil, func() error {
		s, err := Open(ctx, read)
		if err != nil {
			return err
		}
		return s.Close() //nolint:contextcheck // It has a deadline of its own.
	})
	if errors.Is(err, ErrSchema) && o.Migrate {
		migrates, err = true, nil
	}
	if err != nil || !migrates && o.Cluster == nil {
		return false, err
	}
	conn, err := connectTool(ctx, o.URL)
	if err != nil {
		return false, err
	}
	defer hangUp(ctx, conn)
	if migrates {
		var may bool
		if err := conn.QueryRow(ctx, mayMigrateSQL).Scan(&may); err != nil {
			return false, unavailable("look at the schema", err)
		}
		if !may {
			return false, fmt.Errorf("%w: this role may not make or change it; let the owner of the database run CREATE SCHEMA paceboard AUTHORIZATION <user>", ErrSchema)
		}
		return true, nil
	}
	if err = admitVersion(ctx, conn, o.Cluster.Node.WireVersion); err != nil && !errors.Is(err, ErrWireVersion) {
		err = unavailable("look at the nodes", err)
	}
	return false, err
}
