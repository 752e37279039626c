package main

import (
	"fmt"
	"path/filepath"
)

// outside refuses backups inside the data folder: they would be lost with it.
func outside(dataDir, to string) error {
	inside, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(dataDir)
	if err != nil {
		return err
	}
	if relative, err := filepath.Rel(dir, inside); err == nil && filepath.IsLocal(relative) {
		return fmt.Errorf("%s is inside DATA_DIR, and would be lost with it; name another folder, on another disk", to)
	}
	return nil
}
